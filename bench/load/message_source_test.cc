#include "load/message_source.h"

#include "load/content_scan.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace hermetic::load {
namespace {

std::string message_of(const MessageSource& source, std::uint64_t number)
{
    std::string message;
    source.append_head(message, number);
    return message + std::string(source.body());
}

std::size_t stuffed_dots_in(std::string_view message)
{
    std::size_t count = 0;
    for (std::size_t at = message.find("\n.."); at != std::string_view::npos;
         at = message.find("\n..", at + 1)) {
        ++count;
    }
    return count;
}

TEST(MessageSource, MakesMessagesOfTheSizeAskedForWhateverTheirNumber)
{
    for (const std::uint64_t size :
         {std::uint64_t{400}, std::uint64_t{4096}, std::uint64_t{65536}}) {
        const MessageSource source({.from = "", .recipient = "", .size = size});
        for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{4'000'000'000}}) {
            const std::string message = message_of(source, number);
            EXPECT_EQ(message.size() - 3 - stuffed_dots_in(message), size);
        }
    }
}

TEST(MessageSource, EndsEveryLineWithCrlfForEverySize)
{
    for (std::uint64_t size = 400; size < 700; ++size) {
        const MessageSource source({.from = "", .recipient = "", .size = size});
        std::string message = message_of(source, 7);
        ASSERT_TRUE(message.ends_with("\r\n.\r\n")) << size;
        for (std::size_t i = 0; i < message.size(); ++i) {
            ASSERT_EQ(message[i] == '\n', i > 0 && message[i - 1] == '\r') << size;
        }
        ContentScan scan;
        scan.start();
        std::string_view rest = message;
        ASSERT_TRUE(scan.take_data(rest));
        ASSERT_TRUE(rest.empty()) << "ended by a line of its body";
        ASSERT_EQ(scan.id(), 7U);
    }
}

TEST(MessageSource, HasDotsToStuffInMessagesOfTheUsualSize)
{
    const MessageSource source({.from = "", .recipient = "", .size = 4096});
    EXPECT_GE(stuffed_dots_in(message_of(source, 1)), 2U);
}

TEST(MessageSource, BeginsWithItsNumber)
{
    const MessageSource source({.from = "", .recipient = "", .size = 4096});
    EXPECT_TRUE(message_of(source, 123).starts_with("X-Load-Id: 123\r\n"));
}

TEST(MessageSource, FillsInNumberAndDomain)
{
    const MessageSource source(
        {.from = "bounce-{n}@a.test", .recipient = "u{n}@d{d}.x{d}.test", .domains = 10});
    std::string text;
    source.append_mailbox_to(text, 123);
    EXPECT_EQ(text, "u123@d3.x3.test");
    text.clear();
    source.append_mailbox_from(text, 5);
    EXPECT_EQ(text, "bounce-5@a.test");
}

TEST(MessageSource, RefusesASizeBelowItsHead)
{
    EXPECT_THROW(MessageSource({.from = "", .recipient = "", .size = 100}), std::invalid_argument);
    EXPECT_THROW(MessageSource({.from = "", .recipient = "", .domains = 0}), std::invalid_argument);
}

}  // namespace
}  // namespace hermetic::load
