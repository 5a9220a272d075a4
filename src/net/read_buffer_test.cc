#include "net/read_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace hermetic::net {
namespace {

void feed(ReadBuffer& buffer, std::string_view text)
{
    while (!text.empty()) {
        const auto space = buffer.space();
        const std::size_t part = std::min(space.size(), text.size());
        std::memcpy(space.data(), text.data(), part);
        buffer.added(part);
        text.remove_prefix(part);
    }
}

std::vector<std::string> lines_of(std::string_view text, std::size_t step)
{
    ReadBuffer buffer;
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size(); at += step) {
        feed(buffer, text.substr(at, step));
        while (const auto line = buffer.take_line()) lines.emplace_back(*line);
    }
    lines.emplace_back(buffer.data());  // what is left
    return lines;
}

TEST(ReadBuffer, ALineEndsAtItsFirstLfWhichItKeepsWhereNoCrPrecedesIt)
{
    using Lines = std::vector<std::string>;
    const std::pair<std::string, Lines> rows[] = {
        {"a\r\nb\r\n", {"a", "b", ""}},
        {"\r\n", {"", ""}},
        {"a\nb\r\n", {"a\n", "b", ""}},
        {"a\rb\r\n", {"a\rb", ""}},
        {"a\r\r\nb", {"a\r", "b"}},
        {"\n\r\n", {"\n", "", ""}},
        {"a\n\r\nb\r\n", {"a\n", "", "b", ""}},
        {"no end\r", {"no end\r"}},
        {"\r\n\r\n", {"", "", ""}},
        {"\n", {"\n", ""}},
    };
    for (const auto& [text, lines] : rows) {
        for (std::size_t step = 1; step <= text.size(); ++step) {
            EXPECT_EQ(lines_of(text, step), lines) << "split every " << step;
        }
    }
}

TEST(ReadBuffer, GrowsForALongLineAndFindsItWhole)
{
    const std::string longest(100 * 1024, 'x');
    EXPECT_EQ(lines_of("a\r\n" + longest + "\r\nb\r\n", 1000),
              (std::vector<std::string>{"a", longest, "b", ""}));
}

TEST(ReadBuffer, ConsumingPartOfALineDoesNotHideItsEnd)
{
    ReadBuffer buffer;
    feed(buffer, "12345\r\nnext\r\n");
    buffer.consume(3);
    EXPECT_EQ(*buffer.take_line(), "45");
    EXPECT_EQ(*buffer.take_line(), "next");
}

TEST(ReadBuffer, AnLfAfterConsumedOctetsIsABareOne)
{
    ReadBuffer buffer;
    feed(buffer, "data\r\nx\r\n");
    buffer.consume(5);  // the CR is gone: what follows begins with a bare LF
    EXPECT_EQ(*buffer.take_line(), "\n");
    EXPECT_EQ(*buffer.take_line(), "x");
}

TEST(ReadBuffer, HasNoMemoryWhileReleased)
{
    ReadBuffer buffer;
    EXPECT_EQ(buffer.capacity(), 0U);
    feed(buffer, "a\r\n");
    EXPECT_EQ(buffer.capacity(), ReadBuffer::kBlock);
    buffer.release();
    EXPECT_EQ(buffer.size(), 3U) << "what is unread stays";
    EXPECT_TRUE(buffer.take_line());
    buffer.release();
    EXPECT_EQ(buffer.capacity(), 0U);
    EXPECT_FALSE(buffer.take_line());
}

TEST(ReadBuffer, DiscardingKeepsAnEndThatIsHalfThere)
{
    ReadBuffer buffer;
    feed(buffer, "too long\r");
    EXPECT_EQ(buffer.discard_unfinished_line(), 8U);
    feed(buffer, "\nnext\r\n");
    EXPECT_EQ(*buffer.take_line(), "");
    EXPECT_EQ(*buffer.take_line(), "next");
}

}  // namespace
}  // namespace hermetic::net
