#include "lab/message_reader.h"

#include <gtest/gtest.h>

namespace hermetic::lab {
namespace {

struct Read {
    std::string body;
    std::size_t used = 0;
    bool done = false;
};

Read read(std::string_view octets, std::size_t cut)
{
    MessageSink sink{1000};
    DotReader reader{sink};
    std::size_t used = reader.feed(octets.substr(0, cut));
    if (!reader.is_done()) used += reader.feed(octets.substr(cut));
    return {sink.take_body(), used, reader.is_done()};
}

struct Row {
    const char* name;
    std::string_view octets;
    std::string_view body;
    std::size_t rest;  // octets after the end
    bool done = true;

    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

class DotReaderTable : public testing::TestWithParam<Row> {};

TEST_P(DotReaderTable, EndsAndUnstuffsWhereverTheSegmentsAreCut)
{
    const Row& row = GetParam();
    for (std::size_t cut = 0; cut <= row.octets.size(); ++cut) {
        const Read result = read(row.octets, cut);
        EXPECT_EQ(result.body, row.body) << "cut at " << cut;
        EXPECT_EQ(result.used, row.octets.size() - row.rest) << "cut at " << cut;
        EXPECT_EQ(result.done, row.done);
    }
}

const Row kRows[] = {
    {"Empty", ".\r\n", "", 0},
    {"OneLine", "a\r\n.\r\n", "a\r\n", 0},
    {"Stuffed", "..a\r\n...\r\n.\r\n", ".a\r\n..\r\n", 0},
    {"RestIsNotRead", "a\r\n.\r\nQUIT\r\n", "a\r\n", 6},
    {"DotInLine", "a.\r\n.\r\n", "a.\r\n", 0},
    {"BareLfIsNoLineEnd", "a\n.\r\n.\r\n", "a\n.\r\n", 0},
    {"DotBareLfIsNoEnd", "a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n", 0},
    {"DotCrIsNoEnd", "a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n", 0},
    {"Unended", "a\r\n.", "a\r\n", 0, false},
};
INSTANTIATE_TEST_SUITE_P(Table, DotReaderTable, testing::ValuesIn(kRows));

TEST(MessageSink, KeepsNothingOfWhatIsTooBigButCountsAndHashesIt)
{
    MessageSink sink{3};
    sink.append("abc");
    EXPECT_TRUE(sink.is_kept());
    sink.append("d");
    EXPECT_FALSE(sink.is_kept());
    EXPECT_EQ(sink.size(), 4U);
    EXPECT_EQ(sink.take_body(), "");
    // printf abcd | sha256sum
    EXPECT_EQ(sink.sha256_hex(),
              "88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589");
}

TEST(MessageSink, AppliesTheLineLimitWithoutItsEnd)
{
    MessageSink fits{2000};
    fits.append(std::string(998, 'x') + "\r\n");
    EXPECT_FALSE(fits.has_long_line());
    EXPECT_TRUE(fits.ends_in_newline());
    MessageSink longer{2000};
    longer.append(std::string(999, 'x') + "\r\n");
    EXPECT_TRUE(longer.has_long_line());
}

}  // namespace
}  // namespace hermetic::lab
