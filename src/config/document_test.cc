// What a document may be: depth and size are bounded before anything recurses.
#include "config/document.h"

#include "config/document_bounds.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <unistd.h>

namespace hermetic::config {
namespace {

std::string repeated(std::string_view part, std::size_t times)
{
    std::string text;
    for (std::size_t i = 0; i < times; ++i) text += part;
    return text;
}

constexpr std::size_t kMany = 14'000;

struct Deep {
    const char* what;
    std::string text;
};

std::vector<Deep> deep_documents()
{
    return {
        {"a dotted key", "\n" + repeated("a.", kMany) + "a = 1\n"},
        {"a quoted dotted key", "\n" + repeated("\"a\" . ", kMany) + "'a' = 1\n"},
        {"a header", "\n[" + repeated("a.", kMany) + "a]\n"},
        {"a header of a list", "\n[[" + repeated("a.", kMany) + "a]]\nb = 1\n"},
        {"lists", "\na = " + repeated("[", kMany) + repeated("]", kMany) + "\n"},
        {"inline tables", "\na = " + repeated("{a=", kMany) + "1" + repeated("}", kMany) + "\n"},
        {"a dotted key in an inline table", "\na = {" + repeated("a.", kMany) + "a = 1}\n"},
        {"one in a list", "\na = [{b = 1}, {" + repeated("a.", kMany) + "a = 1}]\n"},
        {"a little of each",
         "\n[" + repeated("a.", 5) + "a]\n" + repeated("a.", 5) + "a = [[[[{a.a.a = 1}]]]]\n"},
        {"after strings", "x = \"\\\"\" # [\n" + repeated("a.", kMany) + "a = 1\n"},
        {"after a string of many lines",
         "x = \"\"\"a\\\"\"\"\"\"\n" + repeated("a.", kMany) + "a = 1\n"},
        {"after a literal string", "x = '\\'\n" + repeated("a.", kMany) + "a = 1\n"},
        {"after an empty string", "x = ''\n" + repeated("a.", kMany) + "a = 1\n"},
        {"without an end", "\na = " + repeated("[", kMany)},
    };
}

TEST(Document, DepthIsBoundedWithItsLine)
{
    for (const Deep& row : deep_documents()) {
        const auto document = parse_document(row.text, "org.toml");
        ASSERT_FALSE(document.has_value()) << row.what;
        EXPECT_EQ(document.error().file, "org.toml") << row.what;
        EXPECT_GE(document.error().line, 2U) << row.what;
        EXPECT_NE(document.error().what.find("16 levels"), std::string::npos)
            << row.what << ": " << document.error().what;
        EXPECT_FALSE(document.error().expected.empty()) << row.what;
    }
}

// What only looks deep.
TEST(Document, BracketsAndDotsInStringsAndCommentsAreNoLevels)
{
    const std::string brackets = repeated("[.{", 100);
    for (const std::string& text :
         {"a = \"" + brackets + "\"\n", "a = '" + brackets + "'\n",
          "a = \"\"\"\n" + brackets + "\n\\\"\"\" \" " + brackets + "\"\"\"\"\"\n",
          "a = '''\n" + brackets + "'\n" + brackets + "'''''\n", "# " + brackets + "\na = 1\n",
          "a = [ # " + brackets + "\n 1 ]\n", "\"" + repeated(".", 100) + "\" = 1\n",
          "a = [" + repeated("1.5, ", 100) + "1.5]\n",
          repeated("[a.b]\n", 1) + repeated("[[l.m.n]]\nc.d = [{e.f = [1]}]\n", 100)}) {
        const auto document = parse_document(text, "org.toml");
        EXPECT_TRUE(document.has_value())
            << text.substr(0, 60) << ": " << (document ? "" : document.error().what);
    }
}

TEST(Document, TheDeepestThatMayBe)
{
    const auto with = [](std::size_t levels) {
        return parse_document(repeated("a.", levels - 1) + "a = 1\n", "org.toml").has_value();
    };
    EXPECT_TRUE(with(kMaxDepth));
    EXPECT_FALSE(with(kMaxDepth + 1));
}

// A value costs some hundred octets of memory, its text two.
TEST(Document, ValuesAreCounted)
{
    const auto within = find_excess("a = [" + repeated("1,", kMaxValues - 1) + "]\n", "org.toml");
    EXPECT_FALSE(within.has_value());
    const auto above = parse_document("\na = [" + repeated("1,", kMaxValues) + "]\n", "org.toml");
    ASSERT_FALSE(above.has_value());
    EXPECT_EQ(above.error().line, 2U);
    EXPECT_NE(above.error().what.find("1000000"), std::string::npos);
    EXPECT_FALSE(parse_document(std::string(kMaxDocumentOctets + 1, '\n'), "f").has_value());
}

TEST(Document, IsReadFromARegularFileOnly)
{
    const auto device = load_document("/dev/zero");
    ASSERT_FALSE(device.has_value());
    EXPECT_EQ(device.error().what, "it cannot be read: it is a device");
    EXPECT_EQ(device.error().expected, "a regular file");

    const std::string pipe = testing::TempDir() + "document_test." + std::to_string(::getpid());
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const auto waited = load_document(pipe);
    ::unlink(pipe.c_str());
    ASSERT_FALSE(waited.has_value());
    EXPECT_EQ(waited.error().what, "it cannot be read: it is a named pipe");
}

TEST(Document, AMissingQuoteIsNamedAtItsLine)
{
    for (const char* text : {"a = 1\nb = \"x\nc = 2\n", "a = 1\r\nb = \"\xc3\xa4\r\nc = 2\r\n",
                             "a = 1\nb = 'x\nc = 2\n", "a = 1\nb = [\"x, y]\n\n"}) {
        const auto document = parse_document(text, "t.toml");
        ASSERT_FALSE(document.has_value()) << text;
        EXPECT_EQ(document.error().line, 2U) << text;
    }
    const auto open = parse_document("a = 1\nb = \"x\nc = 2\n", "t.toml");
    EXPECT_NE(open.error().what.find("the string is not closed"), std::string::npos);
    const auto wide = parse_document("b = \"\xc3\xa4\r\nc = 2\r\n", "t.toml");
    EXPECT_NE(wide.error().what.find("the string is not closed"), std::string::npos);
    const auto control = parse_document("b = \"\x01\"\n", "t.toml");
    EXPECT_EQ(control.error().what.find("not closed"), std::string::npos);
}

}  // namespace
}  // namespace hermetic::config
