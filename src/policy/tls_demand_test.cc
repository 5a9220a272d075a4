#include "policy/tls_demand.h"

#include "policy/tls_policy_fixture.h"

#include <gtest/gtest.h>

namespace hermetic::policy {
namespace {

class Demand : public testing::Test {
protected:
    Demand()
    {
        organization_.name = "Example";
        demand_.organization = &organization_;
    }
    [[nodiscard]] TlsDecision decided(std::string_view label = "mx.example.net") const
    {
        return decide_tls(demand_, by_mx(facts::DnsSecurity::Insecure), label, kNow);
    }

    objects::Organization organization_;
    objects::OutboundConnector connector_;
    TlsDemand demand_;
};

// RFC 8689 §5: a notice is not lost for REQUIRETLS; what gives something back demands it.
TEST(RequestsOf, AreTheMessagesButARedactedNoticeDemandsNothing)
{
    for (const bool notice : {false, true}) {
        for (const auto level : {TlsLevel::None, TlsLevel::VerifyName}) {
            mail::Envelope envelope;
            envelope.is_notice = notice;
            envelope.tls.level = level;
            envelope.tls.requiretls = true;
            const auto requests = requests_of(envelope);
            EXPECT_EQ(requests.requiretls, !notice || level != TlsLevel::None);
            EXPECT_EQ(requests.level, level);
        }
    }
}

TEST_F(Demand, EverythingThatItNamesIsInTheInputs)
{
    connector_.tls.level = TlsLevel::Encrypt;
    demand_.connector = &connector_;
    demand_.ratchet = Expectation{true, false, TlsVersion::Tls13};
    demand_.message.requests.requiretls = true;
    demand_.message.rule = RuleTls{TlsLevel::VerifyCa, {}, TlsVersion::Tls13};
    const HopFacts hop = smart_host();
    const auto inputs = make_tls_inputs(demand_, hop, "relay.example.net", kNow);
    EXPECT_EQ(inputs.organization, &organization_);
    EXPECT_EQ(inputs.connector, &connector_);
    EXPECT_EQ(inputs.hop.host, hop.host);
    EXPECT_TRUE(inputs.requests.requiretls);
    ASSERT_TRUE(inputs.rule);
    EXPECT_EQ(inputs.rule->level, TlsLevel::VerifyCa);
    ASSERT_TRUE(inputs.ratchet);
    EXPECT_EQ(inputs.ratchet->min, TlsVersion::Tls13);
    EXPECT_EQ(inputs.now, kNow);
    EXPECT_FALSE(inputs.retired_below);
}

TEST_F(Demand, ARetirementPlanCountsForAHostThatIsKnown)
{
    objects::Retirement plan;
    plan.organization = "Example";
    plan.direction = objects::Direction::Outbound;
    plan.versions = {TlsVersion::Tls10, TlsVersion::Tls11};
    plan.start = kNow - std::chrono::hours{48};
    plan.end = kNow - std::chrono::hours{24};
    organization_.min_tls = TlsVersion::Tls10;
    demand_.retirements = {&plan, 1};
    EXPECT_EQ(decided().policy.min, TlsVersion::Tls12);
    EXPECT_EQ(decided("").policy.min, TlsVersion::Tls10);
}

TEST_F(Demand, AnApprovalIsOfItsMessageAlone)
{
    organization_.tls = TlsLevel::Encrypt;
    EXPECT_FALSE(decided().policy.allows_clear());
    demand_.message.approved = Approved::Yes;
    EXPECT_TRUE(decided().policy.allows_clear());
    EXPECT_FALSE(demand_.message == MessageDemand{}) << "no connection is shared with others";
}

objects::NextHopHost host(std::string_view name)
{
    objects::NextHopHost made;
    if (auto address = IpAddress::parse(name)) {
        made.address = *address;
    } else {
        made.host = name;
    }
    return made;
}

class ProtectionOfRoute : public testing::Test {
protected:
    ProtectionOfRoute()
    {
        contents.organizations.resize(1);
        contents.organizations[0].name = "Example";
    }
    objects::OutboundConnector& connector(std::string_view domain, TlsLevel level,
                                          std::vector<objects::NextHopHost> hosts = {})
    {
        objects::OutboundConnector made;
        made.name = domain;
        made.organization = "Example";
        made.recipient_domains = {*objects::DomainPattern::parse(domain)};
        made.tls.level = level;
        made.next_hop = {hosts.empty(), std::move(hosts)};
        contents.outbound_connectors.push_back(std::move(made));
        return contents.outbound_connectors.back();
    }
    [[nodiscard]] RouteProtection of(std::string_view recipient) const
    {
        const objects::Snapshot snapshot{contents};
        const auto route =
            routing::decide_route(snapshot, "Example", *mail::parse_mailbox(recipient)).route;
        return protection_of_route(snapshot, route, kNow).value();
    }
    objects::Snapshot::Contents contents;
};

TEST_F(ProtectionOfRoute, ByMxItIsWhatOrganizationOrConnectorAskFor)
{
    EXPECT_FALSE(of("a@far.example").local);
    EXPECT_EQ(of("a@far.example").weakest, TlsLevel::Opportunistic);
    EXPECT_EQ(of("a@far.example").required, std::nullopt);
    connector("far.example", TlsLevel::VerifyName);
    EXPECT_EQ(of("a@far.example").weakest, TlsLevel::VerifyName);
    EXPECT_EQ(of("a@far.example").required,
              (mail::RequiredTls{TlsLevel::VerifyName, "tls.connector-level"}));
    contents.organizations[0].tls = TlsLevel::Encrypt;
    EXPECT_EQ(of("a@other.example").weakest, TlsLevel::Encrypt);
}

TEST_F(ProtectionOfRoute, IsLocalWhereNoHostIsOverTheNetwork)
{
    connector("local.example", TlsLevel::Encrypt, {host("127.0.0.1"), host("localhost")});
    EXPECT_TRUE(of("a@local.example").local);
    connector("mixed.example", TlsLevel::Encrypt, {host("127.0.0.1"), host("relay.example")});
    EXPECT_FALSE(of("a@mixed.example").local);
    EXPECT_EQ(of("a@mixed.example").weakest, TlsLevel::Encrypt);
}

TEST_F(ProtectionOfRoute, OurOwnNextHopsAreProtectedThoughNobodyAskedForIt)
{
    objects::AcceptedDomain domain;
    domain.name = *objects::DomainPattern::parse("own.example");
    domain.organization = "Example";
    domain.next_hop = {false, {host("store.own.example")}};
    contents.accepted_domains.push_back(domain);
    EXPECT_EQ(of("a@own.example").weakest, TlsLevel::Encrypt);
    EXPECT_EQ(of("a@own.example").required, std::nullopt);
}

TEST_F(ProtectionOfRoute, IsNotKnownWhereTheConnectorIsGone)
{
    connector("far.example", TlsLevel::Encrypt);
    auto route = routing::decide_route(objects::Snapshot{contents}, "Example",
                                       *mail::parse_mailbox("a@far.example"))
                     .route;
    contents.outbound_connectors.clear();
    EXPECT_EQ(protection_of_route(objects::Snapshot{contents}, route, kNow), std::nullopt);
}

}  // namespace
}  // namespace hermetic::policy
