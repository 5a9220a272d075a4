#include "smtp/data_reader.h"

#include "smtp/chunk_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace hermetic::smtp {
namespace {

struct Read {
    std::string message;
    std::size_t consumed = 0;
    bool ended = false;
    bool bare = false;
    bool nul = false;
    bool operator==(const Read&) const = default;
};

Read read(std::string_view input, std::size_t piece, BareNewline mode)
{
    DataReader reader{mode};
    Read result;
    std::string_view left;
    for (std::size_t i = 0; i < input.size() && !reader.ended(); i += piece) {
        left = input.substr(i, piece);
        while (!left.empty() && !reader.ended()) {
            const TextRun run = reader.next(left);
            result.message += run.run;
            result.consumed += run.consumed;
            left.remove_prefix(run.consumed);
        }
    }
    result.ended = reader.ended();
    result.bare = reader.saw_bare_newline();
    result.nul = reader.saw_nul();
    return result;
}

struct Row {
    std::string_view input;
    std::string_view message;
    std::string_view rest;  // what is left for the next command; "-": the message has not ended
    bool bare = false;
};

// clang-format off
const Row kRows[] = {
    {".\r\nNOOP", "", "NOOP"},
    {"a\r\n.\r\n", "a\r\n", ""},
    {"a\r\n..\r\n.\r\nX", "a\r\n.\r\n", "X"},
    {"..a\r\n...b\r\n.c\r\n.\r\n", ".a\r\n..b\r\nc\r\n", ""},
    {"\r\n\r\n.\r\n", "\r\n\r\n", ""},
    {"a\n.\nb\r\n.\r\n", "a\n.\nb\r\n", "", true},
    {"a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n", "", true},
    {"a\r.\rb\r\n.\r\n", "a\r.\rb\r\n", "", true},
    {"a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n", "", true},
    {"a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n", "", true},
    {"a\r\n.\r\r\nb\r\n.\r\n", "a\r\n\r\r\nb\r\n", "", true},
    {"a\r\r\n.\r\n", "a\r\r\n", "", true},
    {"a\r\n.", "a\r\n", "-"},
    {"a\r\n.\r", "a\r\n", "-"},
    {"a\r", "a\r", "-"},
};
// clang-format on

TEST(DataReader, EndsOnlyAtCrlfDotCrlfHoweverTheInputIsSplit)
{
    for (const Row& row : kRows) {
        for (std::size_t piece = 1; piece <= row.input.size(); ++piece) {
            const Read result = read(row.input, piece, BareNewline::Keep);
            EXPECT_EQ(result.message, row.message) << testing::PrintToString(row.input);
            EXPECT_EQ(result.ended, row.rest != "-");
            EXPECT_EQ(result.bare, row.bare) << testing::PrintToString(row.input);
            if (result.ended) {
                EXPECT_EQ(row.input.substr(result.consumed), row.rest);
            }
        }
    }
}

TEST(DataReader, RepairsBareNewlinesTheSameHoweverTheInputIsSplit)
{
    constexpr std::string_view kInput = "a\nb\rc\r\r\n\n.\r\n.\rd\r\n.\nx\r\n..\r\n.\r\n";
    const Read whole = read(kInput, kInput.size(), BareNewline::Repair);
    EXPECT_EQ(whole.message, "a\r\nb\r\nc\r\n\r\n\r\n.\r\n\r\nd\r\n\r\nx\r\n.\r\n");
    EXPECT_TRUE(whole.bare);
    for (std::size_t piece = 1; piece < kInput.size(); ++piece) {
        EXPECT_EQ(read(kInput, piece, BareNewline::Repair), whole) << piece;
    }
}

TEST(DataReader, HandsOutManyLinesAtOnce)
{
    DataReader reader{BareNewline::Keep};
    const std::string_view input = "one\r\ntwo\r\nthree\r\n.\r\n";
    const TextRun run = reader.next(input);
    EXPECT_EQ(run.run, "one\r\ntwo\r\nthree\r\n");
    EXPECT_EQ(run.run.data(), input.data()) << "no copy";
}

// Text is looked at in blocks: a dot must count wherever in one it stands.
TEST(DataReader, SeesDotsBehindTextOfAnyLength)
{
    for (std::size_t before = 0; before < 70; ++before) {
        const std::string text = std::string(before, 'x') + "\r\n";
        const Read stuffed = read(text + "..y\r\n.\r\nNOOP", 1000, BareNewline::Keep);
        EXPECT_EQ(stuffed.message, text + ".y\r\n") << before;
        EXPECT_TRUE(stuffed.ended) << before;
        const Read one = read("a\r\nb\r\n" + text + ".\r\nNOOP", 1000, BareNewline::Keep);
        EXPECT_EQ(one.message, "a\r\nb\r\n" + text) << before;
        EXPECT_TRUE(one.ended) << before;
    }
}

TEST(DataReader, NoticesNul)
{
    EXPECT_TRUE(read(std::string_view{"a\0b\r\n.\r\n", 8}, 3, BareNewline::Keep).nul);
    EXPECT_FALSE(read("ab\r\n.\r\n", 3, BareNewline::Keep).nul);
}

TEST(ChunkReader, TakesItsChunkAndNoMore)
{
    ChunkReader reader{BareNewline::Keep};
    reader.begin_chunk(5, ChunkReader::Last::No);
    const TextRun run = reader.next("a\r\n.\r\nQUIT");
    EXPECT_EQ(run.run, "a\r\n.\r");
    EXPECT_TRUE(reader.chunk_ended());
    reader.begin_chunk(1, ChunkReader::Last::Yes);
    EXPECT_EQ(reader.next("\nQUIT").run, "\n");
    EXPECT_TRUE(reader.chunk_ended());
    EXPECT_EQ(reader.finish(), "");
    EXPECT_FALSE(reader.saw_bare_newline());
}

}  // namespace
}  // namespace hermetic::smtp
