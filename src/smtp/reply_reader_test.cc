#include "smtp/reply_reader.h"

#include "core/text.h"

#include <gtest/gtest.h>

namespace hermetic::smtp {
namespace {

// "250-a|250 b" reads better than a list of lines; '|' stands for CRLF.
Result<std::optional<PeerReply>, ReplyError> read(std::string_view lines)
{
    ReplyReader reader;
    Result<std::optional<PeerReply>, ReplyError> last = std::nullopt;
    for (const auto line : split(lines, '|')) {
        last = reader.feed(line);
        if (!last) return last;
    }
    return last;
}

TEST(ReplyReader, AcceptsEveryLegalShape)
{
    EXPECT_EQ(**read("250 ok"), (PeerReply{250, "ok"}));
    EXPECT_EQ(**read("250-mx.example|250-SIZE 1000|250 STARTTLS"),
              (PeerReply{250, "mx.example\nSIZE 1000\nSTARTTLS"}));
    EXPECT_EQ(**read("250"), (PeerReply{250, ""})) << "code alone, RFC 5321 §4.2";
    EXPECT_EQ(**read("250-|250 "), (PeerReply{250, "\n"}));
    EXPECT_EQ(**read("571 blocked"), (PeerReply{571, "blocked"})) << "second digit tolerated";
}

TEST(ReplyReader, WaitsForTheLastLine)
{
    ReplyReader reader;
    EXPECT_EQ(*reader.feed("250-a"), std::nullopt);
    EXPECT_EQ(**reader.feed("250 b"), (PeerReply{250, "a\nb"}));
    EXPECT_EQ(**reader.feed("354 go"), (PeerReply{354, "go"}));
}

struct Rejection {
    const char* name;
    std::string lines;
    ReplyError error;
    friend void PrintTo(const Rejection& row, std::ostream* out) { *out << row.name; }
};

class ReplyReaderRejects : public testing::TestWithParam<Rejection> {};

TEST_P(ReplyReaderRejects, WithTheReason)
{
    const auto result = read(GetParam().lines);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), GetParam().error);
    EXPECT_FALSE(describe(result.error()).empty());
}

std::string many_lines()
{
    std::string lines;
    for (int i = 0; i < 200; ++i) lines += "250-x|";
    return lines + "250 x";
}

INSTANTIATE_TEST_SUITE_P(
    Rows, ReplyReaderRejects,
    testing::Values(Rejection{"Empty", "", ReplyError::BadCode},
                    Rejection{"TwoDigits", "25", ReplyError::BadCode},
                    Rejection{"Letters", "abc hello", ReplyError::BadCode},
                    Rejection{"PreliminaryReply", "150 wait", ReplyError::BadCode},
                    Rejection{"SixHundred", "650 no", ReplyError::BadCode},
                    Rejection{"Garbage", "SSH-2.0-OpenSSH", ReplyError::BadCode},
                    Rejection{"Tab", "250\tok", ReplyError::BadSeparator},
                    Rejection{"FourDigits", "2500 ok", ReplyError::BadSeparator},
                    Rejection{"CodeChanges", "250-a|251 b", ReplyError::CodeChanged},
                    Rejection{"BareLf", "250 a\n250 b", ReplyError::BareNewline},
                    Rejection{"BareCr", "250 a\rb", ReplyError::BareNewline},
                    Rejection{"TooManyLines", many_lines(), ReplyError::TooManyLines},
                    Rejection{"LongLine", "250 " + std::string(3000, 'x'),
                              ReplyError::LineTooLong}),
    [](const auto& row) { return row.param.name; });

TEST(SpeaksUnasked, IsWhatGoesBeyondTheRepliesThatAreDue)
{
    const struct {
        std::string_view input;
        std::size_t due;
        bool unasked;
    } rows[] = {
        {"", 0, false},
        {"", 3, false},
        {"250 ok\r\n", 0, true},
        {"2", 0, true},
        {"250 ok\r\n", 1, false},
        {"250 ok\r\n", 2, false},
        {"250 ok\r\n250 early\r\n", 1, true},
        {"250 ok\r\n2", 1, true},
        {"250-ok\r\n250 ok\r\n", 1, false},
        {"250-ok\r\n250 ok\r\n250-early", 1, true},
        {"250\r\n250 early\r\n", 1, true},
        {"354 go\r\n250 2.0.0 early\r\n", 1, true},
        {"421 4.3.2 shutting down\r\n", 0, false},
        {"250 ok\r\n421 4.3.2 shutting down\r\n", 1, false},
    };
    for (const auto& row : rows)
        EXPECT_EQ(speaks_unasked(row.input, row.due), row.unasked) << row.input << row.due;
}

TEST(EnhancedStatusOfReply, IsReadWhereItAgreesWithTheCode)
{
    const auto of = [](int code, std::string text) {
        return enhanced_status(PeerReply{code, std::move(text)}).format();
    };
    EXPECT_EQ(of(550, "5.1.1 no such user"), "5.1.1");
    EXPECT_EQ(of(250, "2.0.0"), "2.0.0");
    EXPECT_EQ(of(550, "5.7.26\n5.7.26 more"), "5.7.26");
    EXPECT_EQ(of(450, "4.4.312 dns"), "4.4.312");
    EXPECT_EQ(of(550, "4.1.1 disagrees"), "5.0.0");
    EXPECT_EQ(of(550, "5.1.1x"), "5.0.0");
    EXPECT_EQ(of(550, "5.1000.1 x"), "5.0.0");
    EXPECT_EQ(of(550, "5.1."), "5.0.0");
    EXPECT_EQ(of(452, "no status"), "4.0.0");
}

}  // namespace
}  // namespace hermetic::smtp
