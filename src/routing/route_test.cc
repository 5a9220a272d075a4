#include "routing/route.h"

#include "facts/reasons.h"
#include "objects/next_hop.h"

#include <gtest/gtest.h>

namespace hermetic::routing {
namespace {

using facts::Reason;

mail::Mailbox mailbox(std::string_view text)
{
    return *mail::parse_mailbox(text);
}

objects::NextHop hosts(std::vector<std::string_view> texts)
{
    objects::NextHop result;
    result.mx = false;
    for (const auto text : texts) result.hosts.push_back(*objects::parse_next_hop_host(text));
    return result;
}

objects::Snapshot snapshot()
{
    objects::Snapshot::Contents contents;
    const auto accepted = [&](std::string_view name, objects::NextHop next_hop) {
        objects::AcceptedDomain domain;
        domain.name = *objects::DomainPattern::parse(name);
        domain.next_hop = std::move(next_hop);
        contents.accepted_domains.push_back(std::move(domain));
    };
    const auto connector = [&](std::string name, std::string_view domain,
                               objects::NextHop next_hop) {
        objects::OutboundConnector result;
        result.name = std::move(name);
        result.recipient_domains = {*objects::DomainPattern::parse(domain)};
        result.next_hop = std::move(next_hop);
        contents.outbound_connectors.push_back(std::move(result));
    };
    accepted("example.org", hosts({"lmtp://127.0.0.1:24", "lmtp+unix:/run/lmtp"}));
    accepted("relayed.example", objects::NextHop{});
    accepted("*.own.example", hosts({"lmtp://store.example"}));
    contents.accepted_domains.back().tls.level = objects::TlsLevel::VerifyName;
    connector("partner", "*.partner.test", hosts({"smtp://relay.example:2525"}));
    connector("by-mx", "direct.test", objects::NextHop{});
    return objects::Snapshot{std::move(contents)};
}

struct Row {
    const char* name;
    std::string_view recipient;
    std::string_view key;
    Reason reason;
    std::string_view source;
    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

class DecideRoute : public testing::TestWithParam<Row> {};

TEST_P(DecideRoute, SaysWhereAndWhy)
{
    const auto& row = GetParam();
    const auto route = decide_route(snapshot(), {}, mailbox(row.recipient));
    EXPECT_EQ(route.key, row.key);
    EXPECT_EQ(route.reason, row.reason);
    EXPECT_EQ(route.source, row.source);
    const auto again = parse_route_key(route.key);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->key, route.key);
    EXPECT_EQ(again->connector, route.connector);
    EXPECT_EQ(again->mx, route.mx);
    EXPECT_EQ(again->domain, route.domain);
    EXPECT_EQ(again->hosts, route.hosts);
    EXPECT_EQ(again->accepted_domain, route.accepted_domain);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, DecideRoute,
    testing::Values(
        Row{"AcceptedDomain", "a@example.org", "hosts:lmtp://[127.0.0.1]:24,lmtp+unix:/run/lmtp",
            Reason::RouteAcceptedDomain, "example.org"},
        Row{"AcceptedDomainWithSettings", "a@x.own.example",
            "hosts:lmtp://store.example:24;accepted_domain=*.own.example",
            Reason::RouteAcceptedDomain, "*.own.example"},
        Row{"AcceptedDomainByMx", "a@relayed.example", "mx:relayed.example",
            Reason::RouteAcceptedDomain, "relayed.example"},
        Row{"Connector", "a@x.partner.test", "hosts:smtp://relay.example:2525;connector=partner",
            Reason::RouteConnector, "partner"},
        Row{"ConnectorByMx", "a@direct.test", "mx:direct.test;connector=by-mx",
            Reason::RouteConnector, "by-mx"},
        Row{"Default", "a@elsewhere.test", "mx:elsewhere.test", Reason::RouteDefaultMx, ""},
        Row{"Literal", "a@[192.0.2.1]", "mx:[192.0.2.1]", Reason::RouteAddressLiteral, ""},
        Row{"LiteralV6", "a@[IPv6:2001:db8::1]", "mx:[IPv6:2001:db8::1]",
            Reason::RouteAddressLiteral, ""}),
    [](const auto& row) { return row.param.name; });

TEST(DecideRoute, ALiteralFollowsTheConnectorForEverything)
{
    objects::Snapshot::Contents contents;
    objects::OutboundConnector everything;
    everything.name = "smarthost";
    everything.recipient_domains = {objects::DomainPattern{}};
    everything.next_hop = hosts({"smtp://relay.example"});
    contents.outbound_connectors.push_back(everything);
    EXPECT_EQ(decide_route(objects::Snapshot{contents}, {}, mailbox("a@[192.0.2.1]")).key,
              "hosts:smtp://relay.example:25;connector=smarthost");
    contents.outbound_connectors[0].enabled = false;
    EXPECT_EQ(decide_route(objects::Snapshot{contents}, {}, mailbox("a@[192.0.2.1]")).key,
              "mx:[192.0.2.1]");
}

objects::Snapshot two_organizations()
{
    objects::Snapshot::Contents contents;
    for (const char* name : {"A", "B"}) contents.organizations.emplace_back().name = name;
    const auto accepted = [&](std::string_view name, const char* owner, const char* connector) {
        objects::AcceptedDomain domain;
        domain.name = *objects::DomainPattern::parse(name);
        domain.organization = owner;
        domain.connector = connector;
        contents.accepted_domains.push_back(std::move(domain));
    };
    const auto connector = [&](std::string name, const char* owner) -> objects::OutboundConnector& {
        auto& result = contents.outbound_connectors.emplace_back();
        result.name = std::move(name);
        result.organization = owner;
        return result;
    };
    accepted("a.example", "A", "");
    accepted("b.example", "B", "");
    accepted("named.example", "B", "by-name");
    connector("a-partner", "A").recipient_domains = {*objects::DomainPattern::parse("bank.test")};
    connector("by-name", "B").rule_scoped = true;
    auto& own = connector("b-hub", "B");
    own.all_accepted_domains = true;
    own.next_hop = hosts({"smtp://hub.b.example"});
    return objects::Snapshot{std::move(contents)};
}

struct OwnedRow {
    const char* name;
    const char* organization;  // the mail's
    std::string_view recipient;
    std::string_view key;
    friend void PrintTo(const OwnedRow& row, std::ostream* out) { *out << row.name; }
};

class DecideOwnedRoute : public testing::TestWithParam<OwnedRow> {};

TEST_P(DecideOwnedRoute, BelongsToOneOrganization)
{
    const auto& row = GetParam();
    const auto route = decide_route(two_organizations(), row.organization, mailbox(row.recipient));
    EXPECT_EQ(route.key, row.key);
    const auto again = parse_route_key(route.key);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->connector, route.connector);
    EXPECT_EQ(again->organization, route.organization);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, DecideOwnedRoute,
    testing::Values(
        OwnedRow{"ConnectorOfTheMailsOwn", "A", "a@bank.test", "mx:bank.test;connector=a-partner"},
        OwnedRow{"NeverAnothersConnector", "B", "a@bank.test", "mx:bank.test;organization=B"},
        OwnedRow{"TheFirstNeedsNoMark", "A", "a@elsewhere.test", "mx:elsewhere.test"},
        OwnedRow{"TheSecondDoes", "B", "a@elsewhere.test", "mx:elsewhere.test;organization=B"},
        OwnedRow{"Literal", "B", "a@[192.0.2.1]", "mx:[192.0.2.1];organization=B"},
        OwnedRow{"TheDomainsOwnerCounts", "B", "a@a.example", "mx:a.example"},
        OwnedRow{"AcceptedDomainsConnector", "A", "a@b.example",
                 "hosts:smtp://hub.b.example:25;connector=b-hub"},
        OwnedRow{"NextHopIsAConnector", "A", "a@named.example",
                 "mx:named.example;connector=by-name"}),
    [](const auto& row) { return row.param.name; });

TEST(RouteKey, ForeignOnesAreRefused)
{
    for (const auto key :
         {"", "mx:", "mx:Example.org", "mx:[example.org]", "mx:[2001:db8::1]", "mx:a b",
          "hosts:", "hosts:ftp://x", "hosts:smtp://x,", "x:y", "hosts:smtp://relay.example",
          "mx:example.org;connector=", ";connector=x"}) {
        EXPECT_FALSE(parse_route_key(key)) << key;
    }
}

facts::MxAnswer answer(std::vector<facts::MxRecord> records)
{
    facts::MxAnswer result;
    result.status = facts::DnsStatus::Found;
    result.records = std::move(records);
    return result;
}

std::string order(const facts::MxAnswer& mx, std::uint64_t seed = 1)
{
    Random random{seed};
    const auto hosts = order_hosts("example.org", mx, {"us.example"}, random);
    if (!hosts)
        return hosts.error().enhanced.format() + " " +
               std::string{facts::name(hosts.error().reason)};
    std::string text;
    for (const auto& host : *hosts) text += (text.empty() ? "" : " ") + host.name;
    return text;
}

TEST(OrderHosts, ByPreference)
{
    EXPECT_EQ(order(answer({{20, "b.example"}, {10, "a.example"}, {30, "c.example"}})),
              "a.example b.example c.example");
    EXPECT_EQ(order(answer({{20, "a.example"}, {10, "b.example"}, {5, "a.example"}})),
              "a.example b.example")
        << "a host counts once, at its best";
}

TEST(OrderHosts, EqualsAreShuffled)
{
    const auto mx = answer({{10, "a.example"}, {10, "b.example"}, {20, "c.example"}});
    int first = 0;
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
        const auto text = order(mx, seed);
        EXPECT_TRUE(text.ends_with("c.example"));
        first += text.starts_with("a") ? 1 : 0;
    }
    EXPECT_GT(first, 400);
    EXPECT_LT(first, 600);
}

TEST(OrderHosts, WithoutMxTheDomainItself)
{
    facts::MxAnswer none;
    none.status = facts::DnsStatus::NoData;
    Random random{1};
    const auto hosts = order_hosts("example.org", none, {}, random);
    ASSERT_TRUE(hosts);
    EXPECT_EQ((*hosts)[0].name, "example.org");
    EXPECT_TRUE((*hosts)[0].implicit);
}

TEST(OrderHosts, SaysWhyThereIsNone)
{
    facts::MxAnswer failed;
    EXPECT_EQ(order(failed), "4.4.312 dns.failed") << "unknown is temporary";
    facts::MxAnswer missing;
    missing.status = facts::DnsStatus::NxDomain;
    EXPECT_EQ(order(missing), "5.1.2 dns.no-such-domain");
    EXPECT_EQ(order(answer({{0, ""}})), "5.1.10 dns.null-mx");
    EXPECT_EQ(order(answer({{0, ""}, {1, ""}})), "5.4.4 dns.no-usable-mx");
    EXPECT_EQ(order(answer({{10, "192.0.2.1"}})), "5.4.4 dns.no-usable-mx");
    EXPECT_EQ(order(answer({{10, "us.example"}, {20, "b.example"}})), "5.4.6 route.loops-back");
}

TEST(OrderHosts, DropsTheRootBesideOthersAndHostsBehindOurselves)
{
    EXPECT_EQ(order(answer({{0, ""}, {10, "a.example"}})), "a.example");
    EXPECT_EQ(order(answer(
                  {{10, "a.example"}, {20, "us.example"}, {20, "b.example"}, {30, "c.example"}})),
              "a.example");
}

TEST(OrderHosts, IsBounded)
{
    facts::MxAnswer many = answer({});
    for (std::uint16_t i = 0; i < 500; ++i) many.records.push_back({i, "h" + std::to_string(i)});
    Random random{1};
    const auto hosts = order_hosts("example.org", many, {}, random);
    ASSERT_TRUE(hosts);
    EXPECT_EQ(hosts->size(), 32U);
    EXPECT_EQ(hosts->front().name, "h0");
}

}  // namespace
}  // namespace hermetic::routing
