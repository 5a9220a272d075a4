#include "core/quote.h"

#include "core/text.h"

#include <gtest/gtest.h>

namespace hermetic {
namespace {

TEST(Quoted, CannotBeLeft)
{
    EXPECT_EQ(quoted("a \"b\" \\ \n"), R"("a \"b\" \\ \x0A")");
    EXPECT_EQ(quoted("abcdef", 5), "\"ab...\"");
}

TEST(PrintableOnce, EscapesNothingTwice)
{
    const auto once = printable("a\n\\\x1b\xff");
    EXPECT_EQ(printable_once(once), once);
    EXPECT_EQ(printable_once("\\\\x"), "\\\\x");
    EXPECT_EQ(printable_once("a\nb"), "a\\x0Ab");
    EXPECT_EQ(printable_once(""), "");
}

TEST(PrintableOnce, IsBounded)
{
    EXPECT_EQ(printable_once("abcdef", 5), "ab...");
    EXPECT_EQ(printable_once("aéééé", 6), "aé...");
    EXPECT_EQ(printable_once("abcde", 5), "abcde");
}

}  // namespace
}  // namespace hermetic
