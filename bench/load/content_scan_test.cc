#include "load/content_scan.h"

#include <gtest/gtest.h>

namespace hermetic::load {
namespace {

struct Found {
    std::string_view rest;
    std::optional<std::uint64_t> id;
    std::uint64_t octets = 0;
    bool end = false;

    bool operator==(const Found&) const = default;
};

// In pieces of the given size.
Found scan(std::string_view input, std::size_t piece)
{
    ContentScan content;
    content.start();
    Found found;
    while (!input.empty() && !found.end) {
        std::string_view part = input.substr(0, piece);
        input.remove_prefix(part.size());
        found.end = content.take_data(part);
        if (found.end) {
            input = {part.data(), part.size() + input.size()};
        }
    }
    found.rest = input;
    found.id = content.id();
    found.octets = content.octets();
    return found;
}

struct Case {
    const char* name;
    std::string_view input;
    Found expected;
};

const Case kCases[] = {
    {"empty message", ".\r\nQUIT\r\n", {"QUIT\r\n", std::nullopt, 0, true}},
    {"id first", "X-Load-Id: 42\r\n\r\nhello\r\n.\r\nMAIL", {"MAIL", 42, 24, true}},
    {"id behind a trace", "Received: x\r\nX-Load-Id: 7\r\n\r\n.\r\n", {"", 7, 29, true}},
    {"no body", "X-Load-Id: 9\r\n.\r\n", {"", 9, 14, true}},
    {"id in the body only", "A: b\r\n\r\nX-Load-Id: 9\r\n.\r\n", {"", std::nullopt, 22, true}},
    {"no header at all", "\r\nX-Load-Id: 9\r\n.\r\n", {"", std::nullopt, 16, true}},
    {"not at the start of a line", "A: X-Load-Id: 9\r\n\r\n.\r\n", {"", std::nullopt, 19, true}},
    {"not a number", "X-Load-Id: nine\r\n\r\n.\r\n", {"", std::nullopt, 19, true}},
    {"dots that do not end it",
     "\r\n..\r\n.a\r\n.\r.\r\n.\n.\r\n.\r\nX",
     {"X", std::nullopt, 20, true}},
    {"CR before the end", "a\r\r\n.\r\nX", {"X", std::nullopt, 4, true}},
    {"nearly an end, then one", "a\r\n.\r\r\n.\r\nX", {"X", std::nullopt, 7, true}},
    {"bare line feeds", "a\n.\n\n.\r\n.\n\r\n.", {"", std::nullopt, 13, false}},
};

TEST(ContentScan, FindsTheEndAndTheNumberHoweverTheInputIsSplit)
{
    for (const Case& each : kCases) {
        for (std::size_t piece = 1; piece <= each.input.size(); ++piece) {
            EXPECT_EQ(scan(each.input, piece), each.expected)
                << each.name << " in pieces of " << piece;
        }
    }
}

TEST(ContentScan, StartsAnew)
{
    ContentScan content;
    content.start();
    std::string_view first = "X-Load-Id: 1\r\n\r\n.\r\n";
    ASSERT_TRUE(content.take_data(first));
    content.start();
    std::string_view second = "A: b\r\n\r\n.\r\n";
    ASSERT_TRUE(content.take_data(second));
    EXPECT_FALSE(content.id());
    EXPECT_EQ(content.octets(), 8U);
}

TEST(ContentScan, TakesChunksAsTheyAre)
{
    ContentScan content;
    content.start();
    content.take_chunk("X-Load-Id: 12");
    content.take_chunk("3\r\n\r\n.\r\nmore");
    EXPECT_EQ(content.id(), 123U);
    EXPECT_EQ(content.octets(), 25U);
}

TEST(ContentScan, GivesUpOnAHeaderWithoutEnd)
{
    ContentScan content;
    content.start();
    for (int i = 0; i < 3; ++i) {
        content.take_chunk(std::string(ContentScan::kMaxHeader / 2, 'a'));
    }
    content.take_chunk("\r\nX-Load-Id: 5\r\n\r\n");
    EXPECT_FALSE(content.id());
}

}  // namespace
}  // namespace hermetic::load
