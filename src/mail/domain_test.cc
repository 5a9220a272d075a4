#include "mail/domain.h"

#include <gtest/gtest.h>

namespace hermetic::mail {
namespace {

struct Row {
    std::string text;
    std::string expected;  // empty: refused
};

TEST(Domain, IsLowerCaseALabelsOrNothing)
{
    const std::string label63(63, 'a');
    const Row rows[] = {
        {"Example.ORG", "example.org"},
        {"localhost", "localhost"},
        {"_dmarc.example.org", "_dmarc.example.org"},
        {"xn--bcher-kva.example", "xn--bcher-kva.example"},
        {"bücher.example", "xn--bcher-kva.example"},
        {"BÜCHER.example", "xn--bcher-kva.example"},
        {"faß.example", "xn--fa-hia.example"},  // non-transitional: not "fass"
        {"例え.テスト", "xn--r8jz45g.xn--zckzah"},
        {"bücher。example", "xn--bcher-kva.example"},
        {label63 + ".example", label63 + ".example"},
        {label63 + "a.example", ""},
        {"", ""},
        {".", ""},
        {"example.org.", ""},
        {".example.org", ""},
        {"a..b", ""},
        {"-a.example", ""},
        {"a-.example", ""},
        {"a b.example", ""},
        {"a\r.example", ""},
        {std::string{"a\0b", 3}, ""},
        {"b\xfc"
         "cher.example",
         ""},
        {label63 + "." + label63 + "." + label63 + "." + label63, ""},
    };
    for (const Row& row : rows) {
        const auto domain = Domain::parse(row.text);
        EXPECT_EQ(domain ? domain->text() : "", row.expected) << row.text;
    }
}

TEST(Domain, KnowsWhatIsBelowIt)
{
    const auto parent = *Domain::parse("example.org");
    EXPECT_TRUE(Domain::parse("a.b.example.org")->is_below(parent));
    EXPECT_FALSE(Domain::parse("example.org")->is_below(parent));
    EXPECT_FALSE(Domain::parse("badexample.org")->is_below(parent));
    EXPECT_EQ(Domain::parse("a.example.org")->parent(), parent);
    EXPECT_EQ(Domain::parse("org")->parent(), std::nullopt);
}

}  // namespace
}  // namespace hermetic::mail
