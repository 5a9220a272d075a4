#include "objects/inbound_index.h"

#include <gmock/gmock.h>

namespace hermetic::objects {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

InboundConnector connector(ConnectorKind kind, const std::string& organization)
{
    InboundConnector made;
    made.kind = kind;
    made.organization = organization;
    return made;
}

std::vector<std::string> networks_of(const InboundIndex& index, const char* client)
{
    std::vector<std::string> found;
    for (const auto& each : index.by_network(*IpAddress::parse(client)))
        found.push_back(std::to_string(each.connector) + " " + each.network.format());
    return found;
}

InboundIndex::Positions named(const InboundIndex& index, std::string_view name)
{
    InboundIndex::Positions found;
    index.add_by_certificate(name, found);
    return found;
}

InboundIndex::Positions partners(const InboundIndex& index, std::string_view organization,
                                 const char* sender)
{
    InboundIndex::Positions found;
    index.add_partners(organization, *mail::Domain::parse(sender), found);
    return found;
}

TEST(InboundIndex, FindsNetworksTheLongestPrefixFirst)
{
    std::vector<InboundConnector> connectors(4, connector(ConnectorKind::OnPremises, "a"));
    connectors[0].networks = {*Network::parse("192.0.2.0/24"), *Network::parse("2001:db8::/32")};
    connectors[1].networks = {*Network::parse("192.0.2.8/29"), *Network::parse("192.0.2.9")};
    connectors[2].networks = {*Network::parse("0.0.0.0/0")};
    connectors[3].networks = {*Network::parse("192.0.2.9")};
    connectors[3].enabled = false;
    const InboundIndex index{connectors};
    EXPECT_THAT(networks_of(index, "192.0.2.9"),
                ElementsAre("1 192.0.2.9", "1 192.0.2.8/29", "0 192.0.2.0/24", "2 0.0.0.0/0"));
    EXPECT_THAT(networks_of(index, "192.0.2.16"), ElementsAre("0 192.0.2.0/24", "2 0.0.0.0/0"));
    EXPECT_THAT(networks_of(index, "2001:db8:1::1"), ElementsAre("0 2001:db8::/32"));
    EXPECT_THAT(networks_of(index, "2001:db9::1"), IsEmpty());
    EXPECT_THAT(networks_of(index, "0.0.0.0"), IsEmpty()) << "an address that is not known";
    EXPECT_THAT(networks_of(index, "::"), IsEmpty());
}

TEST(InboundIndex, FindsWhatACertificateMayMean)
{
    std::vector<InboundConnector> connectors(2, connector(ConnectorKind::Partner, "a"));
    connectors[0].certificate_names = {*TlsName::parse("mx.example.org")};
    connectors[1].certificate_names = {*TlsName::parse("*.example.org")};
    const InboundIndex index{connectors};
    EXPECT_THAT(named(index, "mx.example.org"), UnorderedElementsAre(0, 1));
    EXPECT_THAT(named(index, "other.example.org"), ElementsAre(1));
    EXPECT_THAT(named(index, "*.example.org"), UnorderedElementsAre(0, 1));
    EXPECT_THAT(named(index, "example.org"), IsEmpty());
    EXPECT_THAT(named(index, "a.b.example.org"), IsEmpty());
    EXPECT_THAT(named(index, ""), IsEmpty());
}

TEST(InboundIndex, FindsPartnersOfOneOrganizationBySender)
{
    std::vector<InboundConnector> connectors(5, connector(ConnectorKind::Partner, "a"));
    connectors[0].sender_domains = {*DomainPattern::parse("example.net")};
    connectors[1].sender_domains = {*DomainPattern::parse("*.example.net")};
    connectors[2].sender_domains = {*DomainPattern::parse("*")};
    connectors[3].sender_domains = {*DomainPattern::parse("example.net")};
    connectors[3].organization = "b";
    connectors[4].sender_domains = {*DomainPattern::parse("example.net")};
    connectors[4].kind = ConnectorKind::OnPremises;
    const InboundIndex index{connectors};
    EXPECT_THAT(partners(index, "a", "example.net"), UnorderedElementsAre(0, 2));
    EXPECT_THAT(partners(index, "a", "x.y.example.net"), UnorderedElementsAre(1, 2));
    EXPECT_THAT(partners(index, "a", "example.com"), ElementsAre(2));
    EXPECT_THAT(partners(index, "b", "example.net"), ElementsAre(3));
    EXPECT_THAT(partners(index, "b", "example.com"), IsEmpty());
    EXPECT_THAT(partners(index, "c", "example.net"), IsEmpty());
}

}  // namespace
}  // namespace hermetic::objects
