#include "policy/inbound_attribution.h"

#include "facts/reasons.h"
#include "policy/inbound_fixture.h"

#include <gtest/gtest.h>

namespace hermetic::policy {
namespace {

using objects::ConnectorKind;

// Whose claims: "a" has a network, a host in it, a certificate name, a wildcard and one whose CAs
// are others; "b" has one of its own.
objects::Snapshot snapshot()
{
    const auto grants = ConnectorKind::OnPremises;
    auto contents = two_organizations();
    contents.inbound_connectors = {
        make_connector({"net", "a", grants, {}, {"192.0.2.0/24"}}),
        make_connector({"host", "a", grants, {}, {"192.0.2.9", "2001:db8::9"}}),
        make_connector({"cert", "a", grants, {}, {}, {"mx.a.example"}}),
        make_connector({"wild", "a", grants, {}, {}, {"*.a.example"}}),
        make_connector({"other-ca", "a", grants, {}, {}, {"mx.other.example"}, "other.pem"}),
        make_connector({"unreadable", "a", grants, {}, {}, {"mx.c.example"}, "unreadable.pem"}),
        make_connector({"b-net", "b", grants, {}, {"198.51.100.0/24"}}),
        make_connector({"b-cert", "b", grants, {}, {}, {"mx.b.example"}}),
        make_connector({"audited", "b", grants, {}, {"203.0.113.0/24"}}),
        make_connector({"tls-only", "b", grants, {}, {"203.0.114.0/24"}}),
        make_connector({"both", "b", grants, {}, {"203.0.115.0/24"}, {"both.b.example"}}),
    };
    contents.inbound_connectors[8].mode = objects::ConnectorMode::Audit;
    contents.inbound_connectors[9].require_tls = true;
    contents.inbound_connectors[10].require_certificate = true;
    for (auto& each : contents.inbound_connectors) each.may_relay = each.name != "wild";
    return objects::Snapshot{contents};
}

struct Row {
    const char* what;
    const char* address;
    const char* version;
    std::vector<std::string> names;
    const char* sender;
    const char* chosen;  // empty: nobody grants
    const char* reason;  // of the choice, or of the strongest claim; empty: no claim
    bool relays;
};

// clang-format off
const Row kRows[] = {
    {"a stranger",                           "203.0.113.99", "1.3", {},                  "x@a.example", "",       "",                              false},
    {"a network",                            "192.0.2.1",    "1.3", {},                  "",            "net",    "attribution.network",            true},
    {"in clear, too",                        "192.0.2.1",    "",    {},                  "",            "net",    "attribution.network",            true},
    {"the longer prefix",                    "192.0.2.9",    "1.3", {},                  "",            "host",   "attribution.network",            true},
    {"IPv6",                                 "2001:db8::9",  "1.3", {},                  "",            "host",   "attribution.network",            true},
    {"an unknown address",                   "0.0.0.0",      "1.3", {},                  "",            "",       "",                              false},
    {"certificate before network",           "192.0.2.9",    "1.3", {"mx.a.example"},    "",            "cert",   "attribution.certificate",        true},
    {"exact before wildcard",                "203.0.116.1",  "1.3", {"w.a.example", "mx.a.example"}, "", "cert",  "attribution.certificate",        true},
    {"a wildcard name",                      "203.0.116.1",  "1.3", {"w.a.example"},     "",            "wild",   "attribution.certificate",       false},
    {"only the connector's own CAs count",   "203.0.116.1",  "1.3", {"mx.other.example"}, "",           "",       "",                              false},
    {"CAs that cannot be read prove nothing", "203.0.116.1", "1.3", {"mx.c.example"},    "",            "",       "",                              false},
    {"a sender's organization among admitted", "198.51.100.1", "1.3", {"mx.a.example"},  "u@b.example", "b-net",  "attribution.network",            true},
    {"else the strongest",                   "198.51.100.1", "1.3", {"mx.a.example"},    "u@x.example", "cert",   "attribution.certificate",        true},
    {"a claimed sender admits nobody",       "192.0.2.1",    "1.3", {},                  "u@b.example", "net",    "attribution.network",            true},
    {"audit never grants",                   "203.0.113.1",  "1.3", {},                  "u@b.example", "",       "",                              false},
    {"its conditions: TLS",                  "203.0.114.1",  "1.3", {},                  "u@b.example", "tls-only", "attribution.network",          true},
    {"its conditions: none in clear",        "203.0.114.1",  "",    {},                  "u@b.example", "",       "attribution.conditions-unmet",  false},
    {"network alone where both are asked",   "203.0.115.1",  "1.3", {},                  "u@b.example", "",       "attribution.conditions-unmet",  false},
    {"both",                                 "203.0.115.1",  "1.3", {"both.b.example"},  "u@b.example", "both",   "attribution.certificate",        true},
};
// clang-format on

TEST(InboundAttribution, FollowsEvidenceTheMostSpecificFirst)
{
    const objects::Snapshot objects = snapshot();
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.what);
        SessionWords session{row.address, row.version, row.names};
        const Attribution attribution = attribute(objects, session.evidence());
        const auto sender = from(row.sender);
        const Admission* chosen = choose_admission(objects, attribution, sender);
        EXPECT_EQ(chosen != nullptr ? chosen->connector->name : "", row.chosen);
        const Admission* shown = chosen;
        if (shown == nullptr && !attribution.claims.empty()) shown = &attribution.claims.front();
        EXPECT_EQ(shown != nullptr ? facts::name(shown->reason()) : "", row.reason);
        EXPECT_EQ(find_relay_right(objects, attribution, sender).admission != nullptr, row.relays);
    }
}

TEST(InboundAttribution, OfOneNetworkTheConnectorThatAsksForNoCertificateTakesThoseWithout)
{
    constexpr auto kGrants = objects::ConnectorKind::OnPremises;
    auto contents = two_organizations();
    contents.inbound_connectors = {
        make_connector({"a-gateway", "a", kGrants, {}, {"192.0.2.0/24"}, {"mx.a.example"}}),
        make_connector({"printers", "a", kGrants, {}, {"192.0.2.0/24"}, {}}),
    };
    contents.inbound_connectors[0].require_certificate = true;
    const objects::Snapshot objects{contents};
    const auto chosen = [&objects](SessionWords& session) {
        const Attribution attribution = attribute(objects, session.evidence());
        const Admission* admission = choose_admission(objects, attribution, from(""));
        return admission == nullptr ? std::string{} : admission->connector->name;
    };
    SessionWords with{"192.0.2.1", "1.3", {"mx.a.example"}};
    EXPECT_EQ(chosen(with), "a-gateway");
    SessionWords without{"192.0.2.1", "1.3", {}};
    EXPECT_EQ(chosen(without), "printers");
    SessionWords in_clear{"192.0.2.1", "", {}};
    EXPECT_EQ(chosen(in_clear), "printers");
}

TEST(InboundAttribution, AConnectorThatNamesListenersClaimsNobodyElsewhere)
{
    constexpr auto kGrants = objects::ConnectorKind::OnPremises;
    auto contents = two_organizations();
    contents.inbound_connectors = {
        make_connector({"mail", "a", kGrants, {}, {"192.0.2.0/24"}, {}}),
        make_connector({"printers", "a", kGrants, {}, {"192.0.2.0/24"}, {"mx.a.example"}}),
    };
    contents.inbound_connectors[0].listeners = {"mx"};
    contents.inbound_connectors[1].listeners = {"print", "print-tls"};
    const objects::Snapshot objects{contents};
    const auto chosen = [&objects](std::string_view listener) {
        SessionWords session{"192.0.2.1", "1.3", {"mx.a.example"}};
        session.evidence().listener = listener;
        const Attribution attribution = attribute(objects, session.evidence());
        const Admission* admission = choose_admission(objects, attribution, from(""));
        return admission == nullptr ? std::string{} : admission->connector->name;
    };
    EXPECT_EQ(chosen("mx"), "mail");
    EXPECT_EQ(chosen("print-tls"), "printers");
    EXPECT_EQ(chosen("submission"), "");
    EXPECT_EQ(chosen(""), "") << "a listener that is not known is nobody's";
}

TEST(InboundAttribution, HidesBehindNoProxysTls)
{
    const objects::Snapshot objects = snapshot();
    SessionWords session{"203.0.114.1", "1.3", {"mx.a.example"}};
    session.evidence().tls_is_the_clients = false;
    const Attribution attribution = attribute(objects, session.evidence());
    ASSERT_EQ(attribution.claims.size(), 1U);
    EXPECT_EQ(attribution.claims[0].connector->name, "tls-only");
    EXPECT_EQ(attribution.claims[0].fault->reason, facts::Reason::ConnectorTlsAtProxy);
    EXPECT_EQ(attribution.claims[0].fault->presented, "a proxy's TLS");
}

TEST(InboundAttribution, NeverTriesAnotherConnectorWhereTheMostSpecificIsNotSatisfied)
{
    auto contents = snapshot().contents();
    contents.inbound_connectors[1].require_tls = true;  // the host within the network
    const objects::Snapshot objects{contents};
    SessionWords session{"192.0.2.9", ""};
    const Attribution attribution = attribute(objects, session.evidence());
    EXPECT_EQ(choose_admission(objects, attribution, from("")), nullptr);
    const RelayRight right = find_relay_right(objects, attribution, from(""));
    ASSERT_NE(right.fault, nullptr);
    EXPECT_EQ(right.fault->connector->name, "host");
}

// What describe_certificate() makes of names in hostile certificates, and names that only look
// right.
TEST(InboundAttribution, BelievesNoOddName)
{
    const objects::Snapshot objects = snapshot();
    for (const char* name :
         {"mx.a.example\\x00.evil.test", "*.example", "*", "*.*.a.example", "m*.a.example",
          ".a.example", "mx.a.example.", "x.mx.a.example", "a.example", " mx.a.example", ""}) {
        SessionWords session{"203.0.116.1", "1.3", {name}};
        EXPECT_TRUE(attribute(objects, session.evidence()).claims.empty()) << name;
    }
}

TEST(InboundAttribution, KnowsWhoWouldGrantIfTheCasCouldBeRead)
{
    auto contents = snapshot().contents();
    auto& connector = contents.inbound_connectors[5];
    ASSERT_EQ(connector.name, "unreadable");
    SessionWords session{"203.0.116.1", "1.3", {"mx.c.example"}};
    const auto refusal = [&] {
        const objects::Snapshot objects{contents};
        const Attribution attribution = attribute(objects, session.evidence());
        const RelayRight right = find_relay_right(objects, attribution, from(""));
        EXPECT_EQ(right.admission, nullptr);
        return right.fault == nullptr ? std::string_view{} : facts::name(right.fault->reason);
    };
    EXPECT_EQ(refusal(), "connector.cas-unavailable");
    connector.require_certificate = true;
    EXPECT_EQ(refusal(), "connector.cas-unavailable");
    connector.min_tls = facts::TlsVersion::Tls13;
    EXPECT_EQ(refusal(), "connector.cas-unavailable");

    // Where something else is wrong as well, waiting for the CAs does not help.
    connector.may_relay = false;
    EXPECT_EQ(refusal(), "");
    connector.may_relay = true;
    connector.mode = objects::ConnectorMode::Audit;
    EXPECT_EQ(refusal(), "") << "what audits never grants";
    connector.mode = objects::ConnectorMode::Enforce;
    connector.listeners = {"another"};
    EXPECT_EQ(refusal(), "");
    connector.listeners.clear();
    connector.require_network = true;
    connector.networks = {*Network::parse("198.51.100.7")};
    EXPECT_EQ(refusal(), "");
    connector.require_network = false;
    session.evidence().tls_is_the_clients = false;
    EXPECT_EQ(refusal(), "") << "the proxy's certificate";
}

TEST(InboundAttribution, OfAnExceptionByUnreadableCasIsNotKnown)
{
    auto contents = snapshot().contents();
    auto& connector = contents.inbound_connectors[5];
    connector.min_tls = facts::TlsVersion::Tls13;
    connector.exception = objects::InboundException{facts::TlsVersion::Tls11,
                                                    WallTime{std::chrono::hours{9}}, "their maker"};
    SessionWords session{"203.0.116.1", "1.1", {"mx.c.example"}};
    session.evidence().now = WallTime{std::chrono::hours{1}};
    const auto fault = [&] {
        return find_fault(connector, contents.organizations[0], session.evidence())->reason;
    };
    EXPECT_EQ(fault(), facts::Reason::ConnectorCasUnavailable);
    session.evidence().now = WallTime{std::chrono::hours{10}};
    EXPECT_EQ(fault(), facts::Reason::ConnectorTlsVersion) << "it has ended";
}

TEST(InboundAttribution, AReadableConnectorIsNotDisturbedByAnUnreadableOne)
{
    const objects::Snapshot objects = snapshot();
    SessionWords by_network{"192.0.2.1", "1.3", {"mx.c.example"}};
    const Attribution network = attribute(objects, by_network.evidence());
    EXPECT_EQ(find_relay_right(objects, network, from("")).admission->connector->name, "net");
    SessionWords by_name{"203.0.116.1", "1.3", {"mx.a.example", "mx.c.example"}};
    const Attribution name = attribute(objects, by_name.evidence());
    EXPECT_EQ(find_relay_right(objects, name, from("")).admission->connector->name, "cert");
    EXPECT_TRUE(name.unjudged.empty()) << "the other has the longer name, or the first of equals";
}

TEST(InboundAttribution, SaysWhatWasPresentedInBoundedPrintableWords)
{
    SessionWords session{
        "192.0.2.1", "1.3", {"evil\r\n250 ok", std::string(300, 'a'), "c.example", "d.example"}};
    const std::string words = present_certificate(session.evidence());
    EXPECT_EQ(words.find('\r'), std::string::npos);
    EXPECT_LT(words.size(), 250U);
    EXPECT_NE(words.find("and 1 more"), std::string::npos) << words;
}

struct Fault {
    const char* what;
    const char* address;
    const char* version;
    std::vector<std::string> names;
    const char* session_ca;
    const char* reason;  // empty: satisfied
};

// Of a partner with everything: TLS 1.3, a certificate, a network.
// clang-format off
const Fault kFaults[] = {
    {"all is met",          "192.0.2.1",    "1.3", {"mx.p.example"}, "own.pem",   ""},
    {"in clear",            "192.0.2.1",    "",    {},               "own.pem",   "connector.tls-required"},
    {"an old version",      "192.0.2.1",    "1.2", {"mx.p.example"}, "own.pem",   "connector.tls-version"},
    {"no certificate",      "192.0.2.1",    "1.3", {},               "own.pem",   "connector.certificate-mismatch"},
    {"another's",           "192.0.2.1",    "1.3", {"mx.q.example"}, "own.pem",   "connector.certificate-mismatch"},
    {"by a stranger's CA",  "192.0.2.1",    "1.3", {"mx.p.example"}, "theirs.pem", "connector.certificate-mismatch"},
    {"another network",     "198.51.100.1", "1.3", {"mx.p.example"}, "own.pem",   "connector.network-mismatch"},
    {"an unknown address",  "0.0.0.0",      "1.3", {"mx.p.example"}, "own.pem",   "connector.network-mismatch"},
};
// clang-format on

TEST(InboundConnectorTests, FailOneAfterTheOther)
{
    auto connector = make_connector(
        {"p", "a", ConnectorKind::Partner, {"p.example"}, {"192.0.2.0/24"}, {"mx.p.example"}});
    connector.min_tls = facts::TlsVersion::Tls13;
    connector.require_certificate = connector.require_network = true;
    const objects::Organization organization;
    for (const Fault& row : kFaults) {
        SessionWords session{row.address, row.version, row.names, row.session_ca};
        const auto fault = find_fault(connector, organization, session.evidence());
        EXPECT_EQ(fault ? facts::name(fault->reason) : "", row.reason) << row.what;
    }
    connector.ca = "unreadable.pem";
    SessionWords session{"192.0.2.1", "1.3", {"mx.p.example"}};
    EXPECT_EQ(find_fault(connector, organization, session.evidence())->reason,
              facts::Reason::ConnectorCasUnavailable);
}

TEST(InboundConnectorTests, CountTheHigherOfBothFloorsButOnLegacyListenersTheirOwn)
{
    objects::Organization organization;
    auto connector = make_connector({"p", "a", ConnectorKind::Partner, {"p.example"}});
    SessionWords session{"192.0.2.1", "1.1"};
    connector.min_tls = facts::TlsVersion::Tls10;
    EXPECT_EQ(find_fault(connector, organization, session.evidence())->wanted, "TLSv1.2 or later");
    session.evidence().legacy_listener = true;
    EXPECT_FALSE(find_fault(connector, organization, session.evidence()));
    connector.min_tls = facts::TlsVersion::Tls12;
    EXPECT_TRUE(find_fault(connector, organization, session.evidence()));
}

}  // namespace
}  // namespace hermetic::policy
