#include "mail/address.h"

#include "mail/path.h"

#include <gtest/gtest.h>

namespace hermetic::mail {
namespace {

TEST(Mailbox, TakesEveryLegalFormAndGivesItBack)
{
    const std::pair<std::string, std::string> rows[] = {
        {"user@Example.org", "user@example.org"},
        {"User.Name+tag@example.org", "User.Name+tag@example.org"},
        {"\"a b\\\"c@\"@example.org", "\"a b\\\"c@\"@example.org"},
        {"\"\"@example.org", "\"\"@example.org"},
        {"user@[192.0.2.1]", "user@[192.0.2.1]"},
        {"user@[ipv6:2001:DB8::1]", "user@[IPv6:2001:db8::1]"},
        {"jürgen@bücher.example", "jürgen@xn--bcher-kva.example"},
        {"#!$%&'*+-/=?^_`{|}~@example.org", "#!$%&'*+-/=?^_`{|}~@example.org"},
        // As VERP and SRS make them: longer than the 64 octets that everybody must take.
        {std::string(128, 'a') + "@example.org", std::string(128, 'a') + "@example.org"},
    };
    for (const auto& [text, expected] : rows) {
        const auto mailbox = parse_mailbox(text);
        ASSERT_TRUE(mailbox) << text;
        EXPECT_EQ(mailbox->format(), expected);
        EXPECT_EQ(parse_mailbox(mailbox->format()), *mailbox);
    }
    EXPECT_TRUE(parse_mailbox("jürgen@example.org")->needs_smtputf8());
    EXPECT_FALSE(parse_mailbox("user@bücher.example")->needs_smtputf8());
}

TEST(Mailbox, OfOneLocalPartThereIsOneCanonicalForm)
{
    const std::pair<std::string, std::string> rows[] = {
        {"joe", "joe"},           {"\"joe\"", "joe"},           {"\"j\\oe\"", "joe"},
        {"\"a.b\"", "a.b"},       {"\"a..b\"", "\"a..b\""},     {"\"a b\"", "\"a b\""},
        {"\"a\\ b\"", "\"a b\""}, {"\"a\\\"b\"", "\"a\\\"b\""}, {"\"a\\\\\"", "\"a\\\\\""},
        {"\"\"", "\"\""},
    };
    for (const auto& [written, canonical] : rows) {
        const auto mailbox = parse_mailbox(written + "@example.org");
        ASSERT_TRUE(mailbox) << written;
        EXPECT_EQ(mailbox->canonical_local(), canonical) << written;
    }
}

TEST(Mailbox, SaysWhatIsWrong)
{
    const std::pair<std::string, AddressError> rows[] = {
        {"", AddressError::Empty},
        {"user", AddressError::NoAtSign},
        {"@example.org", AddressError::BadLocalPart},
        {"a..b@example.org", AddressError::BadLocalPart},
        {".a@example.org", AddressError::BadLocalPart},
        {"a.@example.org", AddressError::BadLocalPart},
        {"a b@example.org", AddressError::BadLocalPart},
        {"a\r\nb@example.org", AddressError::BadLocalPart},
        {"\"a@example.org", AddressError::BadLocalPart},
        {"\"a\"b@example.org", AddressError::BadLocalPart},
        {"\"a\rb\"@example.org", AddressError::BadLocalPart},
        {std::string(129, 'a') + "@example.org", AddressError::LocalPartLong},
        {"a@", AddressError::BadDomain},
        {"a@b@example.org", AddressError::BadDomain},
        {"a@example.org.", AddressError::BadDomain},
        {"a@[192.0.2.256]", AddressError::BadLiteral},
        {"a@[2001:db8::1]", AddressError::BadLiteral},
        {"a@[IPv6:192.0.2.1]", AddressError::BadLiteral},
        {"a@[x-tag:y]", AddressError::BadLiteral},
        {"a@" + std::string(260, 'x'), AddressError::PathLong},
        {"a\xff@example.org", AddressError::BadUtf8},
    };
    for (const auto& [text, error] : rows) {
        const auto mailbox = parse_mailbox(text);
        ASSERT_FALSE(mailbox) << text;
        EXPECT_EQ(mailbox.error(), error) << text;
        EXPECT_FALSE(describe(mailbox.error()).empty());
    }
    EXPECT_EQ(parse_mailbox("jürgen@example.org", AllowUtf8::No).error(), AddressError::NotAscii);
}

TEST(Path, IgnoresTheSourceRouteAndStopsAtTheBracket)
{
    const auto path = parse_path("<@a.example,@b.example:user@example.org> SIZE=3", AllowUtf8::No);
    ASSERT_TRUE(path);
    EXPECT_EQ(path->mailbox->format(), "user@example.org");
    EXPECT_EQ(path->length, 40U);
    EXPECT_EQ(parse_path("<>", AllowUtf8::No)->mailbox, std::nullopt);
    EXPECT_EQ(parse_path("<Postmaster> X", AllowUtf8::No)->bare_name, "Postmaster");
    EXPECT_EQ(parse_path("<\"Postmaster\"> X", AllowUtf8::No)->bare_name, "\"Postmaster\"");
    EXPECT_EQ(parse_path("<\"a>b\"@example.org>", AllowUtf8::No)->mailbox->local, "\"a>b\"");
    EXPECT_EQ(format_path(std::nullopt), "<>");
}

TEST(Path, SaysWhatIsWrong)
{
    const std::pair<std::string, PathError> rows[] = {
        {"user@example.org", PathError::NoBrackets},
        {"<user@example.org", PathError::NoBrackets},
        {"<\"user@example.org>", PathError::NoBrackets},
        {"", PathError::NoBrackets},
        {"<@a.example user@example.org>", PathError::BadRoute},
        {"<@a..b:user@example.org>", PathError::BadRoute},
        {"<@a.example,b.example:user@example.org>", PathError::BadRoute},
        {"<@a.example:>", PathError::BadAddress},
        {"<a b>", PathError::BadAddress},
        {"<\"a\"b>", PathError::BadAddress},
        {"<\"a\"@>", PathError::BadAddress},
        {"< user@example.org>", PathError::BadAddress},
    };
    for (const auto& [text, error] : rows) {
        const auto path = parse_path(text, AllowUtf8::Yes);
        ASSERT_FALSE(path) << text;
        EXPECT_EQ(path.error().error, error) << text;
    }
}

}  // namespace
}  // namespace hermetic::mail
