#include "smtp/reply.h"

#include "core/text.h"
#include "facts/reasons.h"

#include <gtest/gtest.h>

namespace hermetic::smtp {
namespace {

constexpr RefusalKind kKind{facts::Reason::RecipientUnknown, 550, {5, 1, 1}, "no such user"};
const RefusalMark kMark{"mx.example.org", WallTime{std::chrono::milliseconds{1795285475123}}, {1}};

TEST(Reply, LeavesTheEnhancedStatusOutWhereThereIsNone)
{
    std::string out;
    append_reply(out, 354, {}, "go on");
    append_reply(out, 250, {2, 1, 0}, "ok");
    EXPECT_EQ(out, "354 go on\r\n250 2.1.0 ok\r\n");
}

TEST(Refusal, EndsWithHostTimeAndSession)
{
    std::string out;
    append_refusal(out, kKind, "a\r\nb@\xff", kMark);
    EXPECT_EQ(out,
              "550 5.1.1 a\\x0D\\x0Ab@\\xFF: no such user "
              "[mx.example.org 2026-11-21T18:24:35.123Z 0000000000000001]\r\n");
}

TEST(Refusal, IsWrappedToLinesOf512Octets)
{
    const std::string words(480, 'w');
    const RefusalKind kind{facts::Reason::RecipientUnknown, 550, {5, 1, 1}, words};
    for (const std::string& subject :
         {std::string{}, std::string(600, 's'), std::string{"a b c"}}) {
        std::string out;
        append_refusal(out, kind, subject, kMark);
        const auto lines = split(out, '\n');
        ASSERT_GE(lines.size(), 3U);
        for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
            EXPECT_LE(lines[i].size(), 511U);
            EXPECT_TRUE(lines[i].starts_with(i + 2 == lines.size() ? "550 5.1.1 " : "550-5.1.1 "));
        }
        EXPECT_TRUE(out.ends_with("0000000000000001]\r\n"));
    }
}

}  // namespace
}  // namespace hermetic::smtp
