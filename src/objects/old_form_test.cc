#include "objects/old_form.h"

#include "objects/org_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace hermetic::objects {
namespace {

constexpr std::string_view kUntil = "2027-01-31T00:00:00Z";

Snapshot::Contents read(const std::string& organization, const std::string& connector)
{
    const auto text = fmt::format(
        "[organization]\nname = \"Example\"\npostmaster = \"p@example.org\"\n{}\n"
        "[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"x.test\"]\n{}\n"
        "valid_until = \"{}\"\n",
        organization, connector, kUntil);
    const auto contents = read_org_document(*config::parse_document(text, "org.toml"), "org.toml");
    EXPECT_TRUE(contents.has_value())
        << config::format_diagnostic(contents ? config::Diagnostic{} : contents.error().front());
    return contents.value_or(Snapshot::Contents{});
}

// What earlier versions accepted, and what it meant.
TEST(OldForm, WhatIsWeakerIsAnException)
{
    const auto contents = read("tls = \"encrypt\"\nmin_tls = \"1.2\"",
                               "tls = \"none\"\nmin_tls = \"1.0\"\nmax_tls = \"1.2\"\n"
                               "dane = \"none\"\nmta_sts = \"none\"\ncomment = \"stays\"");
    const auto& connector = contents.outbound_connectors.at(0);
    EXPECT_EQ(connector.comment, "stays");
    const TlsSettings& tls = connector.tls;
    EXPECT_FALSE(tls.level);
    EXPECT_FALSE(tls.min);
    EXPECT_EQ(tls.max, facts::TlsVersion::Tls12);
    EXPECT_EQ(tls.dane, Publication::Opportunistic);
    EXPECT_EQ(tls.mta_sts, Publication::Opportunistic);
    ASSERT_TRUE(tls.exception);
    EXPECT_EQ(tls.exception->level, TlsLevel::None);
    EXPECT_EQ(tls.exception->min, facts::TlsVersion::Tls10);
    EXPECT_EQ(tls.exception->dane, Publication::None);
    EXPECT_EQ(tls.exception->mta_sts, Publication::None);
    EXPECT_EQ(tls.exception->valid_until, *parse_rfc3339(kUntil));
    EXPECT_FALSE(tls.exception->reason.empty());
}

TEST(OldForm, WhatIsNotWeakerLasts)
{
    const auto contents = read("tls = \"encrypt\"", "tls = \"verify_ca\"\nmin_tls = \"1.0\"");
    const TlsSettings& tls = contents.outbound_connectors.at(0).tls;
    EXPECT_EQ(tls.level, TlsLevel::VerifyCa);
    ASSERT_TRUE(tls.exception);
    EXPECT_FALSE(tls.exception->level);
    EXPECT_EQ(tls.exception->min, facts::TlsVersion::Tls10);
}

TEST(OldForm, AnEndOfNothingIsLeftOut)
{
    const auto contents = read("", "tls = \"encrypt\"");
    EXPECT_EQ(contents.outbound_connectors.at(0).tls.level, TlsLevel::Encrypt);
    EXPECT_FALSE(contents.outbound_connectors.at(0).tls.exception);
}

TEST(OldForm, IsWeakerThanItsOwnOrganization)
{
    const std::string text =
        "[[organization]]\nname = \"A\"\npostmaster = \"p@a.test\"\n"
        "[[organization]]\nname = \"B\"\npostmaster = \"p@b.test\"\ntls = \"verify_ca\"\n"
        "[[outbound_connector]]\nname = \"x\"\norganization = \"B\"\n"
        "recipient_domains = [\"x.test\"]\ntls = \"encrypt\"\n"
        "valid_until = \"2027-01-31T00:00:00Z\"\n";
    const auto document = *config::parse_document(text, "org.toml");
    const auto contents = read_org_document(document, "org.toml");
    ASSERT_TRUE(contents);
    ASSERT_TRUE(contents->outbound_connectors.at(0).tls.exception);
    EXPECT_EQ(contents->outbound_connectors.at(0).tls.exception->level, TlsLevel::Encrypt);
    const auto notes = take_up_old_form(document, "org.toml").notes;
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_EQ(notes[0].key, "outbound_connector[0].valid_until");
    EXPECT_GT(notes[0].line, 0U);
    // What is written is the form of today.
    const auto again = *config::parse_document(format_org_file(*contents), "org.toml");
    EXPECT_TRUE(take_up_old_form(again, "org.toml").notes.empty());
    EXPECT_EQ(*read_org_document(again, "org.toml"), *contents);
}

}  // namespace
}  // namespace hermetic::objects
