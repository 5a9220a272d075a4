#include "routing/route.h"

#include "facts/reasons.h"
#include "objects/next_hop.h"

#include <gtest/gtest.h>

#include <memory>
#include <unordered_set>
#include <utility>

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
    contents.organizations.emplace_back().name = "Example";
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
    Route route;  // with its label
    Reason reason;
    std::string_view source;
    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

Route by_mx(std::string domain, std::string organization, std::string connector, std::string label)
{
    Route route;
    route.domain = std::move(domain);
    route.literal = mail::parse_address_literal(route.domain);
    route.connector = std::move(connector);
    route.organization = std::move(organization);
    route.label = std::move(label);
    return route;
}

Route by_hosts(std::vector<std::string_view> texts, std::string organization, std::string connector,
               std::string accepted_domain, std::string label)
{
    auto route = by_mx({}, std::move(organization), std::move(connector), std::move(label));
    route.hosts = hosts(std::move(texts)).hosts;
    route.accepted_domain = std::move(accepted_domain);
    return route;
}

class DecideRoute : public testing::TestWithParam<Row> {};

TEST_P(DecideRoute, SaysWhereAndWhy)
{
    const auto& row = GetParam();
    const auto decided = decide_route(snapshot(), {}, mailbox(row.recipient));
    EXPECT_EQ(decided.route, row.route);
    EXPECT_EQ(decided.route.label, row.route.label);
    EXPECT_EQ(decided.reason, row.reason);
    EXPECT_EQ(decided.source, row.source);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, DecideRoute,
    testing::Values(Row{"AcceptedDomain", "a@example.org",
                        by_hosts({"lmtp://127.0.0.1:24", "lmtp+unix:/run/lmtp"}, "Example", "", "",
                                 "hosts:lmtp://[127.0.0.1]:24,lmtp+unix:/run/lmtp"),
                        Reason::RouteAcceptedDomain, "example.org"},
                    Row{"AcceptedDomainWithSettings", "a@x.own.example",
                        by_hosts({"lmtp://store.example"}, "Example", "", "*.own.example",
                                 "hosts:lmtp://store.example:24;accepted_domain=*.own.example"),
                        Reason::RouteAcceptedDomain, "*.own.example"},
                    Row{"AcceptedDomainByMx", "a@relayed.example",
                        by_mx("relayed.example", "Example", "", "mx:relayed.example"),
                        Reason::RouteAcceptedDomain, "relayed.example"},
                    Row{"Connector", "a@x.partner.test",
                        by_hosts({"smtp://relay.example:2525"}, "Example", "partner", "",
                                 "hosts:smtp://relay.example:2525;connector=partner"),
                        Reason::RouteConnector, "partner"},
                    Row{"ConnectorByMx", "a@direct.test",
                        by_mx("direct.test", "Example", "by-mx", "mx:direct.test;connector=by-mx"),
                        Reason::RouteConnector, "by-mx"},
                    Row{"Default", "a@elsewhere.test",
                        by_mx("elsewhere.test", "Example", "", "mx:elsewhere.test"),
                        Reason::RouteDefaultMx, ""},
                    Row{"Literal", "a@[192.0.2.1]",
                        by_mx("[192.0.2.1]", "Example", "", "mx:[192.0.2.1]"),
                        Reason::RouteAddressLiteral, ""},
                    Row{"LiteralV6", "a@[IPv6:2001:db8::1]",
                        by_mx("[IPv6:2001:db8::1]", "Example", "", "mx:[IPv6:2001:db8::1]"),
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
    EXPECT_EQ(decide_route(objects::Snapshot{contents}, {}, mailbox("a@[192.0.2.1]")).route.label,
              "hosts:smtp://relay.example:25;connector=smarthost");
    contents.outbound_connectors[0].enabled = false;
    EXPECT_EQ(decide_route(objects::Snapshot{contents}, {}, mailbox("a@[192.0.2.1]")).route.label,
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
    Route route;
    friend void PrintTo(const OwnedRow& row, std::ostream* out) { *out << row.name; }
};

class DecideOwnedRoute : public testing::TestWithParam<OwnedRow> {};

TEST_P(DecideOwnedRoute, BelongsToOneOrganization)
{
    const auto& row = GetParam();
    const auto decided =
        decide_route(two_organizations(), row.organization, mailbox(row.recipient));
    EXPECT_EQ(decided.route, row.route);
    EXPECT_EQ(decided.route.label, row.route.label);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, DecideOwnedRoute,
    testing::Values(
        OwnedRow{"ConnectorOfTheMailsOwn", "A", "a@bank.test",
                 by_mx("bank.test", "A", "a-partner", "mx:bank.test;connector=a-partner")},
        OwnedRow{"NeverAnothersConnector", "B", "a@bank.test",
                 by_mx("bank.test", "B", "", "mx:bank.test;organization=B")},
        OwnedRow{"TheFirstNeedsNoMark", "A", "a@elsewhere.test",
                 by_mx("elsewhere.test", "A", "", "mx:elsewhere.test")},
        OwnedRow{"TheSecondDoes", "B", "a@elsewhere.test",
                 by_mx("elsewhere.test", "B", "", "mx:elsewhere.test;organization=B")},
        OwnedRow{"Literal", "B", "a@[192.0.2.1]",
                 by_mx("[192.0.2.1]", "B", "", "mx:[192.0.2.1];organization=B")},
        OwnedRow{"TheDomainsOwnerCounts", "B", "a@a.example",
                 by_mx("a.example", "A", "", "mx:a.example")},
        OwnedRow{"AcceptedDomainsConnector", "A", "a@b.example",
                 by_hosts({"smtp://hub.b.example"}, "B", "b-hub", "",
                          "hosts:smtp://hub.b.example:25;connector=b-hub;organization=B")},
        OwnedRow{"NextHopIsAConnector", "A", "a@named.example",
                 by_mx("named.example", "B", "by-name",
                       "mx:named.example;connector=by-name;organization=B")},
        OwnedRow{"AnUnknownOrganizationIsTheFirst", "gone", "a@elsewhere.test",
                 by_mx("elsewhere.test", "A", "", "mx:elsewhere.test")}),
    [](const auto& row) { return row.param.name; });

// What is a name in one stands in another's path or name.
TEST(RouteValue, IsWhatItNamesWhateverItsLabelLooksLike)
{
    const auto of_connector = by_hosts({"lmtp+unix:/run/a"}, "A", "bank", "", "");
    const auto of_path = by_hosts({"lmtp+unix:/run/a;connector=bank"}, "A", "", "", "");
    EXPECT_NE(of_connector, of_path);
    EXPECT_EQ(format_key(of_connector), "hosts:lmtp+unix:/run/a;connector=bank;organization=A");
    EXPECT_EQ(format_key(of_path), "hosts:lmtp+unix:/run/a;;connector=bank;organization=A");

    objects::Snapshot::Contents contents;
    contents.organizations.emplace_back().name = "A";
    contents.organizations.emplace_back().name = "B;connector=bank";
    const auto decided =
        decide_route(objects::Snapshot{contents}, "B;connector=bank", mailbox("a@elsewhere.test"));
    EXPECT_EQ(decided.route.connector, "");
    EXPECT_EQ(decided.route.organization, "B;connector=bank");
    EXPECT_EQ(decided.route.label, "mx:elsewhere.test;organization=B;;connector=bank");
    EXPECT_EQ(format_key(decided.route), decided.route.label);
}

TEST(RouteValue, TheConnectorsOfTwoOrganizationsHaveTwoKeys)
{
    const auto of_a = by_mx("x.test", "A", "partner", "");
    const auto of_b = by_mx("x.test", "B", "partner", "");
    EXPECT_EQ(format_key(of_a), "mx:x.test;connector=partner;organization=A");
    EXPECT_EQ(format_key(of_b), "mx:x.test;connector=partner;organization=B");
}

TEST(RouteValue, ALabelStandsForOneKey)
{
    EXPECT_EQ(key_of_label("mx:x.test", "A"), "mx:x.test;organization=A");
    EXPECT_EQ(key_of_label("mx:x.test;organization=B", "A"), "mx:x.test;organization=B");
    EXPECT_EQ(key_of_label("hosts:lmtp+unix:/a;;organization=B", "A;"),
              "hosts:lmtp+unix:/a;;organization=B;organization=A;;");
    EXPECT_EQ(label_of_key("mx:x.test;organization=A", "A"), "mx:x.test");
    EXPECT_EQ(label_of_key("mx:x.test;organization=B", "A"), "mx:x.test;organization=B");
    EXPECT_EQ(key_of_label("mx:x.test", ""), "mx:x.test") << "there is no organization";
}

TEST(RouteValue, TheOrderOfOrganizationsChangesItsLabelOnly)
{
    objects::Snapshot::Contents contents;
    for (const char* name : {"A", "B"}) contents.organizations.emplace_back().name = name;
    const auto before = decide_route(objects::Snapshot{contents}, "B", mailbox("a@x.test")).route;
    std::swap(contents.organizations[0], contents.organizations[1]);
    const auto after = decide_route(objects::Snapshot{contents}, "B", mailbox("a@x.test")).route;
    EXPECT_EQ(before, after);
    EXPECT_EQ(before.label, "mx:x.test;organization=B");
    EXPECT_EQ(after.label, "mx:x.test");
    EXPECT_EQ(format_key(before), "mx:x.test;organization=B");
    EXPECT_EQ(format_key(after), format_key(before));
}

TEST(RouteValue, EqualOnesAreOneInASet)
{
    std::unordered_set<RoutePointer, RouteHash, RouteEqual> set;
    const auto put = [&](Route route) { set.insert(std::make_shared<Route>(std::move(route))); };
    for (int again = 0; again < 2; ++again) {
        put(by_mx("a.test", "A", "", "x"));
        put(by_mx("a.test", "B", "", "x"));
        put(by_mx("a.test", "A", "bank", "x"));
        put(by_mx("b.test", "A", "", "y"));
        put(by_hosts({"smtp://192.0.2.1", "smtp://192.0.2.2"}, "A", "", "", "z"));
        put(by_hosts({"smtp://192.0.2.2", "smtp://192.0.2.1"}, "A", "", "", "z"));
        put(by_hosts({"smtps://r.test:25"}, "A", "", "", "z"));
        put(by_hosts({"smtp://r.test:25"}, "A", "", "", "z"));
        put(by_hosts({"smtp://r.test:26"}, "A", "", "", "z"));
    }
    EXPECT_EQ(set.size(), 9U);
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

TEST(OrderHosts, LeavesNoneOut)
{
    facts::MxAnswer many = answer({});
    for (std::uint16_t i = 0; i < 500; ++i) many.records.push_back({i, "h" + std::to_string(i)});
    Random random{1};
    const auto hosts = order_hosts("example.org", many, {}, random);
    ASSERT_TRUE(hosts);
    EXPECT_EQ(hosts->size(), 500U);
    EXPECT_EQ(hosts->front().name, "h0");
    EXPECT_EQ(hosts->back().name, "h499");
}

}  // namespace
}  // namespace hermetic::routing
