#include "report/mime_writer.h"

#include <gtest/gtest.h>

namespace hermetic::report {
namespace {

TEST(MimeWriter, FoldsAtBlanks)
{
    EXPECT_EQ(format_structured("Name", "short value"), "Name: short value\r\n");
    const std::string long_value(60, 'a');
    EXPECT_EQ(format_structured("Name", long_value + " " + long_value),
              "Name: " + long_value + "\r\n " + long_value + "\r\n");
    const std::string huge(200, 'b');
    EXPECT_EQ(format_structured("Name", huge), "Name: " + huge + "\r\n") << "words stay whole";
}

TEST(MimeWriter, EncodesWordsWithoutSplittingCharacters)
{
    EXPECT_EQ(format_unstructured("Subject",
                                  "Gr\xC3\xBC\xC3\x9F"
                                  "e"),
              "Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r\n");
    std::string umlauts;
    for (int i = 0; i < 60; ++i) umlauts += "\xC3\xA4";
    const std::string field = format_unstructured("Subject", "x" + umlauts);
    for (std::size_t at = 0; at < field.size();) {
        const std::size_t end = field.find("\r\n", at);
        EXPECT_LE(end - at, 78U);
        at = end + 2;
    }
}

TEST(MimeWriter, QuotesWhatIsNotPlain)
{
    const struct {
        const char* name;
        std::string_view text;
        std::string_view encoded;
    } rows[] = {
        {"plain", "abc\r\n", "abc\r\n"},
        {"equals sign", "a=b\r\n", "a=3Db\r\n"},
        {"eight bit", "\xC3\xA4\n", "=C3=A4\r\n"},
        {"blank at the end", "a \r\n", "a=20\r\n"},
        {"no end of line", "a", "a\r\n"},
        {"bare CR", "a\rb\n", "a=0Db\r\n"},
        {"empty", "", ""},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(encode_quoted_printable(row.text), row.encoded) << row.name;
    }
    const std::string line(76, 'a');
    EXPECT_EQ(encode_quoted_printable(line), line + "\r\n") << "76 are allowed";
    EXPECT_EQ(encode_quoted_printable(line + "b"), line.substr(1) + "=\r\nab\r\n");
}

TEST(MimeWriter, BoundaryDoesNotOccurInTheContent)
{
    EXPECT_EQ(choose_boundary("seed", "text"), "=_seed");
    EXPECT_EQ(choose_boundary("seed", "--=_seed and --=_seed_"), "=_seed__");
}

TEST(MimeWriter, EscapesAndWraps)
{
    EXPECT_EQ(escape_html("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
    EXPECT_EQ(wrap("one two three", 2, 9), "  one two\r\n  three\r\n");
    EXPECT_EQ(wrap("", 2), "");
}

TEST(MimeWriter, BlanksOfAQuotedLocalPartSurvive)
{
    const std::string address = R"("a  b \"  c"@example.org)";
    EXPECT_EQ(format_structured("Final-Recipient", "rfc822; " + address),
              "Final-Recipient: rfc822; " + address + "\r\n");
    EXPECT_EQ(format_structured("X", std::string(70, 'x') + " <" + address + ">"),
              "X: " + std::string(70, 'x') + "\r\n <" + address + ">\r\n");
    EXPECT_EQ(wrap("to " + address + "  now", 0), "to " + address + " now\r\n");
    EXPECT_EQ(wrap(R"(he says "one  two" @ all " and)", 0), "he says \"one two\" @ all \" and\r\n");
}

TEST(MimeWriter, KnowsSevenBit)
{
    EXPECT_TRUE(is_seven_bit("plain\r\n"));
    EXPECT_FALSE(is_seven_bit("\xC3\xA4"));
    EXPECT_FALSE(is_seven_bit(std::string_view{"\0", 1}));
    EXPECT_TRUE(has_short_lines(std::string(998, 'a') + "\r\n"));
    EXPECT_FALSE(has_short_lines(std::string(999, 'a') + "\r\n"));
}

}  // namespace
}  // namespace hermetic::report
