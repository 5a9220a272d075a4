#include "setup/wanted.h"

#include <gtest/gtest.h>

namespace hermetic::setup {
namespace {

TEST(SetupWanted, WhatIsGivenIsLaidOverWhatIs)
{
    WantedOrganization is;
    is.name = "Example";
    is.postmaster = "p@example.test";
    is.domains = {{"example.test", "lmtp://127.0.0.1:24"}};
    Given given;
    given.domains = {"Second.test"};
    given.next_hop = "lmtp://192.0.2.20";
    const WantedOrganization wanted = lay_over(is, given);
    EXPECT_EQ(wanted.name, "Example");
    ASSERT_EQ(wanted.domains.size(), 2U);
    EXPECT_EQ(wanted.domains[0], is.domains[0]);
    EXPECT_EQ(wanted.domains[1].name, "second.test");
    const std::vector<Difference> expected{
        {"accepted_domain second.test", "", wanted.domains[1].next_hop}};
    EXPECT_EQ(find_differences(is, wanted), expected);
    EXPECT_TRUE(find_differences(wanted, lay_over(wanted, given)).empty())
        << "the same again changes nothing";
}

TEST(SetupWanted, TheFirstDomainNamesOrganizationAndPostmaster)
{
    Given given;
    given.domains = {"example.test"};
    given.next_hop = "lmtp://[192.0.2.20]:24";
    const WantedOrganization wanted = lay_over(WantedOrganization{}, given);
    EXPECT_EQ(wanted.name, "example.test");
    EXPECT_EQ(wanted.postmaster, "postmaster@example.test");
}

TEST(SetupWanted, WhatIsMissingIsNamedWithItsFlag)
{
    EXPECT_EQ(find_missing({}, {}).size(), 3U);
    WantedNode node;
    node.hostname = "mx.example.test";
    node.certificate = CertificateKind::Files;
    WantedOrganization organization;
    organization.domains = {{"example.test", ""}};
    const auto missing = find_missing(node, organization);
    ASSERT_EQ(missing.size(), 2U);
    EXPECT_EQ(missing[0].substr(0, 10), "--next-hop");
    EXPECT_EQ(missing[1].substr(0, 7), "--chain");
}

TEST(SetupWanted, OfAnotherKindOfCertificateNothingCounts)
{
    WantedNode is;
    WantedNode wanted = is;
    wanted.chain = "/somewhere";
    EXPECT_TRUE(find_differences(is, wanted).empty());
    wanted.certificate = CertificateKind::Acme;
    EXPECT_EQ(find_differences(is, wanted).size(), 2U) << "its directory, and where it answers";
}

}  // namespace
}  // namespace hermetic::setup
