#include "smtp/line_skip.h"

#include <gtest/gtest.h>

#include <string>

namespace hermetic::smtp {
namespace {

// The rule, octet by octet.
std::size_t clean_lines(std::string_view text, LeadingDots dots)
{
    std::size_t clean = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char before = i == 0 ? ' ' : text[i - 1];
        if (text[i] == '.' && before == '\n' && dots == LeadingDots::Stop) return clean;
        if ((text[i] == '\n') != (before == '\r')) return clean;
        if (text[i] == '\n') clean = i + 1;
    }
    return clean;
}

TEST(LineSkip, NeverGoesBeyondTheFirstOctetThatNeedsAttention)
{
    const std::string line = "Some text of a line that is clean\r\n";
    const std::string clean = line + line + line + line;
    for (const std::string_view odd : {"\r", "\n", "\r\r\n", "\n\r", "\r\n.", "\r\n\r\n.\r\n"}) {
        for (std::size_t at = 0; at <= clean.size(); ++at) {
            std::string text = clean;
            text.insert(at, odd);
            for (const auto dots : {LeadingDots::Pass, LeadingDots::Stop}) {
                const std::size_t skipped = skip_clean_lines(text, dots);
                ASSERT_LE(skipped, clean_lines(text, dots)) << at;
                ASSERT_TRUE(skipped == 0 || text[skipped - 1] == '\n') << at;
            }
        }
    }
}

TEST(LineSkip, SkipsAllLinesOfACleanText)
{
    std::string text;
    for (int i = 0; i < 50; ++i) text.append(static_cast<std::size_t>(i), 'x').append("\r\n");
    const std::size_t skipped = skip_clean_lines(text, LeadingDots::Stop);
    EXPECT_GT(skipped + 64, text.size());
    EXPECT_EQ(clean_lines(text, LeadingDots::Stop), text.size());
}

TEST(LineSkip, SaysNothingOfAShortText)
{
    EXPECT_EQ(skip_clean_lines("", LeadingDots::Stop), 0U);
    EXPECT_EQ(skip_clean_lines("a\r\n", LeadingDots::Stop), 0U);
}

}  // namespace
}  // namespace hermetic::smtp
