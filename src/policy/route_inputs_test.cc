#include "policy/route_inputs.h"

#include "policy/tls_policy_fixture.h"

#include <gtest/gtest.h>

namespace hermetic::policy {
namespace {

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
