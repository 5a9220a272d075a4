#include "core/text.h"

#include <gtest/gtest.h>

namespace hermetic {
namespace {

TEST(Printable, LeavesOrdinaryTextAlone)
{
    EXPECT_EQ(printable("user@example.org"), "user@example.org");
    EXPECT_EQ(printable("grüße"), "grüße");
}

TEST(Printable, EscapesWhatCouldEndALineOrTurnIt)
{
    EXPECT_EQ(printable("a\r\nb"), "a\\x0D\\x0Ab");
    EXPECT_EQ(printable(std::string_view{"\0", 1}), "\\x00");
    EXPECT_EQ(printable("\x1b[31m"), "\\x1B[31m");
    EXPECT_EQ(printable("\u2028"), "\\xE2\\x80\\xA8") << "a line separator";
    EXPECT_EQ(printable("\u202e"), "\\xE2\\x80\\xAE") << "right-to-left override";
    EXPECT_EQ(printable("\\x0D"), "\\\\x0D") << "an escape cannot be forged";
}

TEST(Printable, EscapesWhatIsNotUtf8)
{
    EXPECT_EQ(printable("\xff"), "\\xFF");
    EXPECT_EQ(printable("\xc0\xaf"), "\\xC0\\xAF") << "an overlong form";
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\xED\\xA0\\x80") << "a surrogate";
    EXPECT_EQ(printable("\xc3"), "\\xC3") << "cut short";
}

TEST(Printable, IsBounded)
{
    EXPECT_EQ(printable(std::string(300, 'x')).size(), 200U);
    EXPECT_EQ(printable("abcdef", 5), "ab...");
    EXPECT_EQ(printable("abcde", 5), "abcde");
    EXPECT_EQ(printable("\n\n\n", 8), "\\x0A...");
}

TEST(PrintableAscii, EscapesEverythingElse)
{
    EXPECT_EQ(printable_ascii("é"), "\\xC3\\xA9");
}

TEST(Base64, RoundTrips)
{
    for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
        EXPECT_EQ(from_base64(to_base64(text)), text);
    }
    EXPECT_EQ(to_base64("foob"), "Zm9vYg==");
    for (const char* bad : {"Zg=", "Z===", "Zg==Zg==", "Zm9v!", "=AAA"}) {
        EXPECT_FALSE(from_base64(bad).has_value()) << bad;
    }
}

TEST(ParseDecimal, TakesWholeNumbersOnly)
{
    EXPECT_EQ(parse_decimal<std::uint16_t>("65535"), 65535);
    for (const char* bad : {"", "+1", "-1", " 1", "1 ", "65536", "0x1", "1.0"}) {
        EXPECT_FALSE(parse_decimal<std::uint16_t>(bad).has_value()) << bad;
    }
}

TEST(Split, KeepsEmptyParts)
{
    EXPECT_EQ(split("a,,b", ',').size(), 3U);
    EXPECT_EQ(split("", ',').size(), 1U);
}

}  // namespace
}  // namespace hermetic
