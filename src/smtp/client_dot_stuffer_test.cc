#include "smtp/client_dot_stuffer.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace hermetic::smtp {
namespace {

std::string stuffed(std::string_view message, std::size_t chunk_size)
{
    DotStuffer stuffer;
    std::string scratch;
    std::string result;
    for (std::size_t at = 0; at < message.size(); at += chunk_size) {
        result += stuffer.feed(message.substr(at, chunk_size), scratch);
    }
    result += stuffer.finish();
    return result;
}

struct Row {
    const char* name;
    std::string message;
    std::string expected;
    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

class DotStuffing : public testing::TestWithParam<Row> {};

TEST_P(DotStuffing, IsTheSameHoweverTheMessageIsCut)
{
    const auto& row = GetParam();
    for (std::size_t chunk = 1; chunk <= std::max<std::size_t>(row.message.size(), 1); ++chunk) {
        EXPECT_EQ(stuffed(row.message, chunk), row.expected) << "in pieces of " << chunk;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Rows, DotStuffing,
    testing::Values(Row{"Empty", "", ".\r\n"}, Row{"Plain", "a\r\nb.c\r\n", "a\r\nb.c\r\n.\r\n"},
                    Row{"LeadingDot", ".a\r\n", "..a\r\n.\r\n"},
                    Row{"OnlyADot", ".\r\n", "..\r\n.\r\n"},
                    Row{"Several", ".\r\n..\r\nx\r\n.y\r\n", "..\r\n...\r\nx\r\n..y\r\n.\r\n"},
                    Row{"NoFinalNewline", "a", "a\r\n.\r\n"},
                    Row{"EndsInBareCr", "a\r", "a\r\r\n.\r\n"},
                    Row{"BareLfBeginsALineToo", "a\n.\r\n", "a\n..\r\n.\r\n"},
                    Row{"EndsInBareLf", "a\n", "a\n\r\n.\r\n"}),
    [](const auto& row) { return row.param.name; });

TEST(DotStuffer, PassesAChunkOnWithoutCopyingWhereNothingIsToDo)
{
    DotStuffer stuffer;
    std::string scratch;
    const std::string_view chunk = "no dots at line starts.\r\n";
    EXPECT_EQ(stuffer.feed(chunk, scratch).data(), chunk.data());
}

}  // namespace
}  // namespace hermetic::smtp
