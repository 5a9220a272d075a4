#include "outbound/route_policy.h"

#include "objects/next_hop.h"
#include "outbound/credentials.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

namespace hermetic::outbound {
namespace {

using Contents = objects::Snapshot::Contents;
using objects::TlsLevel;

constexpr WallTime kNow{std::chrono::hours{24 * 365 * 55}};

Contents make_contents()
{
    Contents contents;
    for (const char* name : {"First", "Second"}) {
        objects::Organization organization;
        organization.name = name;
        contents.organizations.push_back(organization);
    }
    for (const char* name : {"bank", "clinic"}) {
        objects::OutboundConnector connector;
        connector.name = name;
        connector.organization = "First";
        connector.recipient_domains = {*objects::DomainPattern::parse("bank.test")};
        contents.outbound_connectors.push_back(connector);
    }
    contents.outbound_connectors[0].tls.level = TlsLevel::VerifyName;
    objects::AcceptedDomain domain;
    domain.name = *objects::DomainPattern::parse("own.test");
    domain.organization = "First";
    domain.tls.level = TlsLevel::Encrypt;
    contents.accepted_domains.push_back(domain);
    contents.outbound_connectors[1].organization = "Second";
    return contents;
}

PolicySources sources(const Contents& contents)
{
    auto settings = std::make_shared<DeliverySettings>();
    auto snapshot = std::make_shared<const objects::Snapshot>(contents);
    settings->credentials = Credentials::load(snapshot->contents(), nullptr);
    return {std::move(snapshot), std::move(settings), kNow};
}

routing::Route route(std::string_view next_hop, std::string_view organization,
                     std::string_view connector = {}, std::string_view accepted_domain = {})
{
    routing::Route route;
    if (const auto host = objects::parse_next_hop_host(next_hop)) {
        route.hosts.push_back(*host);
    } else {
        route.domain = next_hop;
    }
    route.organization = organization;
    route.connector = connector;
    route.accepted_domain = accepted_domain;
    return route;
}

struct Row {
    const char* name;
    std::function<void(Contents&)> change;
    bool bank = false;
    bool clinic = false;
    bool first_by_mx = false;
    bool second_by_mx = false;
    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

class RoutePolicy : public testing::TestWithParam<Row> {};

TEST_P(RoutePolicy, AChangeConcernsTheMailThatMayFareOtherwise)
{
    const Row& row = GetParam();
    Contents after = make_contents();
    row.change(after);
    PolicyChange change{sources(make_contents()), sources(after)};
    for (int again = 0; again < 2; ++again) {
        EXPECT_EQ(change.concerns(route("a.test", "First", "bank")), row.bank);
        EXPECT_EQ(change.concerns(route("smtp://r.test", "Second", "clinic")), row.clinic);
        EXPECT_EQ(change.concerns(route("a.test", "First")), row.first_by_mx);
        EXPECT_EQ(change.concerns(route("a.test", "Second")), row.second_by_mx);
    }
}

const Row kRows[] = {
    {"Nothing", [](Contents&) {}},
    {"Comments",
     [](Contents& c) {
         c.organizations[0].comment = "x";
         c.outbound_connectors[0].comment = "y";
     }},
    {"WhatIsNoPolicy",
     [](Contents& c) {
         c.organizations[0].postmaster = *mail::parse_mailbox("new@first.test");
         c.organizations[0].inbound_min_tls = facts::TlsVersion::Tls13;
         c.organizations[0].ratchet.days = 30;  // it only observes
         c.outbound_connectors[0].test_recipients = {*mail::parse_mailbox("t@bank.test")};
     }},
    {"OneConnector", [](Contents& c) { c.outbound_connectors[0].tls.level = TlsLevel::Encrypt; },
     true},
    {"ConnectorThatGoes", [](Contents& c) { c.outbound_connectors.pop_back(); }, false, true},
    // The bank's own level stands above it.
    {"FirstOrganization", [](Contents& c) { c.organizations[0].tls = TlsLevel::Encrypt; }, false,
     false, true},
    {"SecondOrganization", [](Contents& c) { c.organizations[1].tls = TlsLevel::Encrypt; }, false,
     true, false, true},
    {"Floor", [](Contents& c) { c.organizations[0].min_tls = facts::TlsVersion::Tls13; }, true,
     false, true},
    {"Dane",
     [](Contents& c) { c.outbound_connectors[0].tls.dane = objects::Publication::Mandatory; },
     true},
    {"Names",
     [](Contents& c) {
         c.outbound_connectors[0].tls.names = {*objects::TlsName::parse("mx.bank.test")};
     },
     true},
    {"EnforcedRatchet",
     [](Contents& c) { c.organizations[0].ratchet.mode = objects::RatchetMode::Enforce; }, true,
     false, true},
    {"OutboundPlan",
     [](Contents& c) {
         c.retirements.emplace_back();
         c.retirements[0].organization = "First";
         c.retirements[0].direction = objects::Direction::Outbound;
     },
     true, false, true},
    {"InboundPlan",
     [](Contents& c) {
         c.retirements.emplace_back();
         c.retirements[0].organization = "First";
     }},
};
INSTANTIATE_TEST_SUITE_P(Changes, RoutePolicy, testing::ValuesIn(kRows));

TEST(RoutePolicyNextHops, AnAcceptedDomainsOwnLevelConcernsItsNextHopOnly)
{
    Contents after = make_contents();
    after.accepted_domains[0].comment = "x";
    PolicyChange comment{sources(make_contents()), sources(after)};
    EXPECT_FALSE(comment.concerns(route("smtp://r.test", "First", {}, "own.test")));
    after.accepted_domains[0].tls.level = TlsLevel::VerifyCa;
    PolicyChange level{sources(make_contents()), sources(after)};
    EXPECT_TRUE(level.concerns(route("smtp://r.test", "First", {}, "own.test")));
    EXPECT_FALSE(level.concerns(route("a.test", "First")));
}

TEST(RoutePolicyFiles, AFileThatCanBeReadNowConcernsItsConnectorOnly)
{
    const auto file = std::filesystem::path{testing::TempDir()} / "route_policy_test.password";
    std::filesystem::remove(file);
    Contents contents = make_contents();
    contents.outbound_connectors[0].tls.auth = objects::HopCredentials{"relay", file.string()};
    const PolicySources before = sources(contents);
    std::ofstream{file} << "secret\n";
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    PolicyChange change{before, sources(contents)};
    std::filesystem::remove(file);
    EXPECT_TRUE(change.concerns(route("a.test", "First", "bank")));
    EXPECT_FALSE(change.concerns(route("a.test", "Second", "clinic")));
    EXPECT_FALSE(change.concerns(route("a.test", "First")));
}

}  // namespace
}  // namespace hermetic::outbound
