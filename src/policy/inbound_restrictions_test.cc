#include "policy/inbound_restrictions.h"

#include "facts/reasons.h"
#include "policy/inbound_fixture.h"

#include <gtest/gtest.h>

namespace hermetic::policy {
namespace {

using objects::ConnectorKind;
using objects::ConnectorMode;

struct Row {
    const char* what;
    const char* address;
    const char* version;
    std::vector<std::string> names;
    const char* sender;
    const char* organization;  // the recipient's
    const char* reason;        // empty: nothing against it
    const char* connector;
    int audited = 0;
};

// clang-format off
const Row kRows[] = {
    {"nobody's partner",               "203.0.113.9", "",    {},               "u@z.example", "a", "", ""},
    {"a partner in clear",             "203.0.113.9", "",    {},               "u@p.example", "a", "connector.tls-required", "p"},
    {"a partner with TLS",             "203.0.113.9", "1.2", {},               "u@p.example", "a", "", ""},
    {"a partner of the other's",       "203.0.113.9", "",    {},               "u@p.example", "b", "", ""},
    {"every one that matches: *",      "203.0.113.9", "1.2", {},               "u@q.example", "a", "connector.certificate-mismatch", "q"},
    {"every one: both met",            "203.0.113.9", "1.2", {"mx.q.example"}, "u@q.example", "a", "", ""},
    {"Y's sender with X's certificate", "203.0.113.9", "1.3", {"mx.r.example"}, "u@q.example", "a", "connector.certificate-mismatch", "q"},
    {"the null sender, no evidence",   "203.0.113.9", "",    {},               "",            "a", "", ""},
    {"the null sender by network",     "192.0.2.9",   "",    {},               "",            "a", "connector.tls-required", "r"},
    {"the null sender by certificate", "203.0.113.9", "1.3", {"mx.r.example"}, "",            "a", "connector.network-mismatch", "r"},
    {"any sender by network",          "192.0.2.9",   "",    {},               "u@z.example", "a", "connector.tls-required", "r"},
    {"the organization's floor",       "203.0.113.9", "1.1", {},               "u@z.example", "a", "organization.tls-version", ""},
    {"the other's floor",              "203.0.113.9", "1.2", {},               "u@z.example", "b", "organization.tls-version", ""},
    {"the other's floor in clear",     "203.0.113.9", "",    {},               "u@z.example", "b", "", ""},
    {"exempt: its own on_premises",    "198.51.100.1", "",   {},               "u@p.example", "a", "", ""},
    {"not exempt: another's",          "198.51.100.1", "",   {},               "u@p.example", "b", "", ""},
    {"b's partner, a's gateway",       "198.51.100.1", "",   {},               "u@s.example", "b", "connector.tls-required", "s"},
    {"audit suspends",                 "203.0.113.9", "",    {},               "u@t.example", "a", "", "", 1},
    {"off counts nothing",             "203.0.113.9", "",    {},               "u@o.example", "a", "", ""},
    {"own domain",                     "203.0.113.9", "1.3", {},               "u@b.example", "b", "sender.own-domain", ""},
    {"own domain, another's recipient", "203.0.113.9", "1.3", {},              "u@b.example", "a", "", ""},
    {"own domain, not asked for",      "203.0.113.9", "1.3", {},               "u@a.example", "a", "", ""},
    {"own domain with evidence",       "198.51.101.1", "1.3", {},              "u@b.example", "b", "", ""},
    {"own domain, evidence short",     "198.51.101.1", "",   {},               "u@b.example", "b", "connector.tls-required", "b-own"},
};
// clang-format on

objects::Snapshot snapshot()
{
    const auto restricts = ConnectorKind::Partner;
    const auto grants = ConnectorKind::OnPremises;
    auto contents = two_organizations();
    contents.organizations[1].inbound_min_tls = facts::TlsVersion::Tls13;
    contents.organizations[1].own_domains_need_evidence = true;
    contents.inbound_connectors = {
        make_connector({"p", "a", restricts, {"p.example"}}),
        make_connector({"q", "a", restricts, {"q.example"}, {}, {"mx.q.example"}}),
        make_connector({"q-too", "a", restricts, {"q.example", "*.q.example"}}),
        make_connector({"r", "a", restricts, {"r.example"}, {"192.0.2.0/24"}, {"mx.r.example"}}),
        make_connector({"s", "b", restricts, {"s.example"}}),
        make_connector({"t", "a", restricts, {"t.example"}}),
        make_connector({"o", "a", restricts, {"o.example"}}),
        make_connector({"a-own", "a", grants, {}, {"198.51.100.0/24"}}),
        make_connector({"b-own", "b", grants, {}, {"198.51.101.0/24"}}),
    };
    contents.inbound_connectors[1].require_certificate = true;
    contents.inbound_connectors[3].require_network = true;
    contents.inbound_connectors[5].mode = ConnectorMode::Audit;
    contents.inbound_connectors[6].mode = ConnectorMode::Off;
    contents.inbound_connectors[8].require_tls = true;
    return objects::Snapshot{contents};
}

Restrictions judge(const objects::Snapshot& objects, const ClientEvidence& evidence,
                   const std::string& sender, std::string_view organization, WallTime now = {})
{
    const Attribution attribution = attribute(objects, evidence);
    const auto path = from(sender);
    return judge_restrictions({&objects, &evidence, &attribution, &path, now}, organization);
}

TEST(InboundRestrictions, AreJudgedForTheRecipientsOrganization)
{
    const objects::Snapshot objects = snapshot();
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.what);
        SessionWords session{row.address, row.version, row.names};
        const Restrictions judged =
            judge(objects, session.evidence(), row.sender, row.organization);
        EXPECT_EQ(judged.fault ? facts::name(judged.fault->reason) : "", row.reason);
        const bool named = judged.fault && judged.fault->connector != nullptr;
        EXPECT_EQ(named ? judged.fault->connector->name : "", row.connector);
        EXPECT_EQ(judged.audited.size(), static_cast<std::size_t>(row.audited));
    }
}

// A sender at an address literal is in no domain, and no way around what holds for every sender.
TEST(InboundRestrictions, OfEverySenderBindAddressLiteralsToo)
{
    auto contents = two_organizations();
    contents.inbound_connectors = {
        make_connector({"any", "a", ConnectorKind::Partner, {"*"}}),
        make_connector({"d", "a", ConnectorKind::Partner, {"d.example"}})};
    const objects::Snapshot objects{contents};
    SessionWords session{"203.0.113.9", ""};
    for (const char* sender : {"u@[192.0.2.1]", "u@[IPv6:2001:db8::1]", "u@z.example"}) {
        const auto judged = judge(objects, session.evidence(), sender, "a");
        ASSERT_TRUE(judged.fault) << sender;
        EXPECT_EQ(judged.fault->connector->name, "any") << sender;
        EXPECT_FALSE(judge(objects, session.evidence(), sender, "b").fault) << sender;
    }
    EXPECT_FALSE(judge(objects, session.evidence(), "", "a").fault) << "the null sender";
}

TEST(InboundRestrictions, IsolateOldVersionsOnTheirListener)
{
    const objects::Snapshot objects = snapshot();
    SessionWords session{"203.0.113.9", "1.0"};
    EXPECT_TRUE(judge(objects, session.evidence(), "u@z.example", "a").fault);
    session.evidence().legacy_listener = true;
    EXPECT_FALSE(judge(objects, session.evidence(), "u@z.example", "a").fault);
}

TEST(InboundRestrictions, ArePassedTemporarilyWhereTheCasOfAnOwnServerCannotBeRead)
{
    auto contents = snapshot().contents();
    for (const std::string owner : {"a", "b"}) {
        contents.inbound_connectors.push_back(make_connector({owner + "-gateway",
                                                              owner,
                                                              ConnectorKind::OnPremises,
                                                              {},
                                                              {},
                                                              {"gw." + owner + ".example"},
                                                              "unreadable.pem"}));
    }
    const objects::Snapshot objects{contents};
    const auto reason = [&](const std::string& name, const std::string& sender,
                            const std::string& organization) {
        SessionWords session{"203.0.113.9", "1.3", {name}};
        const auto judged = judge(objects, session.evidence(), sender, organization);
        return judged.fault ? facts::name(judged.fault->reason) : std::string_view{};
    };
    EXPECT_EQ(reason("gw.b.example", "u@b.example", "b"), "connector.cas-unavailable");
    EXPECT_EQ(reason("gw.a.example", "u@q.example", "a"), "connector.cas-unavailable")
        << "a partner's sender through our gateway";
    EXPECT_EQ(reason("gw.a.example", "u@z.example", "a"), "") << "what needs no evidence passes";
    EXPECT_EQ(reason("gw.a.example", "u@b.example", "b"), "sender.own-domain")
        << "the other organization's gateway";
    EXPECT_EQ(reason("mx.z.example", "u@b.example", "b"), "sender.own-domain") << "a stranger";
}

TEST(InboundRestrictions, OfAnExceptionThatUnreadableCasLeaveOpenAreTemporary)
{
    using std::chrono::hours;
    auto contents = two_organizations();
    contents.inbound_connectors = {make_connector({"old",
                                                   "a",
                                                   ConnectorKind::Partner,
                                                   {"old.example"},
                                                   {},
                                                   {"mx.old.example"},
                                                   "unreadable.pem"})};
    objects::InboundConnector& connector = contents.inbound_connectors[0];
    connector.exception =
        objects::InboundException{facts::TlsVersion::Tls11, WallTime{hours{9}}, "their maker"};
    SessionWords session{"203.0.113.9", "1.1", {"mx.old.example"}};
    session.evidence().now = WallTime{hours{1}};
    const auto reason = [&](const std::string& sender, const std::string& organization) {
        const objects::Snapshot objects{contents};
        const auto judged = judge(objects, session.evidence(), sender, organization);
        return judged.fault ? facts::name(judged.fault->reason) : std::string_view{};
    };
    EXPECT_EQ(reason("u@old.example", "a"), "connector.cas-unavailable");
    EXPECT_EQ(reason("u@z.example", "a"), "connector.cas-unavailable") << "by the certificate";
    EXPECT_EQ(reason("u@old.example", "b"), "organization.tls-version") << "another organization";

    // Where the CAs would not help, waiting does not.
    connector.mode = ConnectorMode::Audit;
    EXPECT_EQ(reason("u@old.example", "a"), "organization.tls-version") << "exempts nobody";
    connector.mode = ConnectorMode::Enforce;
    connector.networks = {*Network::parse("198.51.100.0/24")};
    connector.require_network = true;
    EXPECT_EQ(reason("u@old.example", "a"), "organization.tls-version") << "not its network";
    connector.require_network = false;
    session.evidence().now = WallTime{hours{10}};
    EXPECT_EQ(reason("u@old.example", "a"), "organization.tls-version") << "it has ended";
}

TEST(InboundRestrictions, CountTheFloorForAProxysTlsToo)
{
    const objects::Snapshot objects = snapshot();
    SessionWords session{"203.0.113.9", "1.1"};
    session.evidence().tls_is_the_clients = false;
    EXPECT_EQ(judge(objects, session.evidence(), "u@z.example", "a").fault->reason,
              facts::Reason::OrganizationTlsVersion);
}

TEST(InboundRestrictions, RefuseRetiredVersionsBeforeAllElse)
{
    auto contents = snapshot().contents();
    objects::Retirement plan;
    plan.name = "no-tls-1.1";
    plan.organization = "a";
    plan.versions = {facts::TlsVersion::Tls10, facts::TlsVersion::Tls11};
    plan.start = WallTime{std::chrono::hours{1}};
    plan.end = WallTime{std::chrono::hours{2}};
    contents.retirements = {plan};
    const objects::Snapshot objects{contents};
    SessionWords session{"203.0.113.9", "1.1"};
    session.evidence().legacy_listener = true;
    const WallTime after{std::chrono::hours{3}};
    EXPECT_FALSE(judge(objects, session.evidence(), "u@z.example", "a").fault);
    EXPECT_EQ(judge(objects, session.evidence(), "u@z.example", "a", after).fault->reason,
              facts::Reason::RetirementEnded);
    EXPECT_FALSE(judge(objects, session.evidence(), "u@z.example", "b", after).fault)
        << "another organization's plan";
}

// A partner's connector with an exception that takes TLS 1.1, and a plan that has ended it.
class Exempt : public testing::Test {
protected:
    Exempt()
    {
        contents_ = two_organizations();
        objects::Retirement plan;
        plan.name = "no-tls-1.1";
        plan.organization = "a";
        plan.versions = {facts::TlsVersion::Tls10, facts::TlsVersion::Tls11};
        plan.start = WallTime{std::chrono::hours{1}};
        plan.end = WallTime{std::chrono::hours{2}};
        contents_.retirements = {plan};
        connector = make_connector({.name = "p",
                                    .senders = {"p.example"},
                                    .networks = {"192.0.2.0/24"},
                                    .names = {"mx.p.example"}});
        connector.exception = objects::InboundException{
            facts::TlsVersion::Tls11, WallTime{std::chrono::hours{9}}, "their maker"};
    }
    // Of mail from u@p.example.
    std::string_view refusal(SessionWords& session, int hour = 3)
    {
        contents_.inbound_connectors = {connector};
        const WallTime now{std::chrono::hours{hour}};
        session.evidence().now = now;
        const auto judged =
            judge(objects::Snapshot{contents_}, session.evidence(), "u@p.example", "a", now);
        return judged.fault ? facts::name(judged.fault->reason) : std::string_view{};
    }
    objects::InboundConnector connector;

private:
    objects::Snapshot::Contents contents_;
};

TEST_F(Exempt, IsWhomACertificateOrANetworkProves)
{
    SessionWords by_network{"192.0.2.9", "1.1"};
    EXPECT_EQ(refusal(by_network), "");
    SessionWords by_name{"203.0.113.9", "1.1", {"mx.p.example"}};
    EXPECT_EQ(refusal(by_name), "");
    SessionWords older{"192.0.2.9", "1.0"};
    EXPECT_EQ(refusal(older), "retirement.ended");
}

TEST_F(Exempt, IsNobodyByTheSendersAddress)
{
    SessionWords stranger{"203.0.113.9", "1.1"};
    EXPECT_EQ(refusal(stranger), "retirement.ended");
    SessionWords impostor{"203.0.113.9", "1.1", {"mx.p.example"}, "other.pem"};
    EXPECT_EQ(refusal(impostor), "retirement.ended");
}

TEST_F(Exempt, IsNobodyInAuditMode)
{
    connector.mode = ConnectorMode::Audit;
    SessionWords by_network{"192.0.2.9", "1.1"};
    EXPECT_EQ(refusal(by_network), "retirement.ended");
}

TEST_F(Exempt, IsNobodyForGood)
{
    SessionWords by_network{"192.0.2.9", "1.1"};
    EXPECT_EQ(refusal(by_network, 9), "retirement.ended");
    connector.exception.reset();
    connector.min_tls = facts::TlsVersion::Tls11;
    EXPECT_EQ(refusal(by_network), "retirement.ended");
}

// Specification §6.2: what is kept with the mail.
TEST(InboundRequirement, IsTheAdmittingConnectorsOrAPartners)
{
    const struct {
        const char* what;
        const char* address;
        std::vector<std::string> names;
        const char* sender;
        const char* organization;
        bool required;
    } rows[] = {
        {"nobody's partner", "203.0.113.9", {}, "u@z.example", "a", false},
        {"a partner", "203.0.113.9", {}, "u@p.example", "a", true},
        {"a partner of the other's", "203.0.113.9", {}, "u@p.example", "b", false},
        {"by its certificate", "203.0.113.9", {"mx.q.example"}, "u@q.example", "a", true},
        {"audit asks for nothing", "203.0.113.9", {}, "u@t.example", "a", false},
        {"off", "203.0.113.9", {}, "u@o.example", "a", false},
        {"on_premises does not by itself", "198.51.100.1", {}, "u@p.example", "a", false},
        {"on_premises may", "198.51.101.1", {}, "u@z.example", "b", true},
    };
    const objects::Snapshot objects = snapshot();
    for (const auto& row : rows) {
        SessionWords session{row.address, "1.3", row.names};
        const Attribution attribution = attribute(objects, session.evidence());
        const auto path = from(row.sender);
        EXPECT_EQ(requires_tls({&objects, &session.evidence(), &attribution, &path, {}},
                               row.organization),
                  row.required)
            << row.what;
    }
}

}  // namespace
}  // namespace hermetic::policy
