// Connectors in whole sessions: organizations that attack each other, where mail belongs, refusal
// at MAIL, files that cannot be read, and the legacy listener.
#include "inbound/connector_fixture.h"

#include <gmock/gmock.h>

namespace hermetic::inbound {
namespace {

using facts::TlsVersion;
using metrics::Metric;
using objects::ConnectorKind;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Tried {
    TlsVersion version = TlsVersion::Tls13;
    ShownCertificate shown{};
    std::string sender{};
    std::vector<std::string> recipients{};
};

// One session with one transaction; the message is sent where a recipient was accepted.
class Trying : public ConnectorFixture {
public:
    Trying() { set_versions(TlsVersion::Tls12, TlsVersion::Tls13); }

    std::vector<std::string> replies;  // to MAIL, then to each RCPT

    void send(Tried what)
    {
        tried = std::move(what);
        replies.clear();
        run([](SessionFixture& fixture, TestClient& client) -> net::Task<> {
            auto& self = static_cast<Trying&>(fixture);
            const Tried& now = self.tried;
            (void)co_await client.reply();
            co_await greet(client, now.version, now.shown);
            self.replies.push_back(co_await client.say("MAIL FROM:<" + now.sender + ">"));
            bool accepted = false;
            for (const std::string& each : now.recipients) {
                self.replies.push_back(co_await client.say("RCPT TO:<" + each + ">"));
                accepted = accepted || self.replies.back().starts_with("250");
            }
            if (!accepted) co_return;
            (void)co_await client.say("DATA");
            EXPECT_THAT(co_await client.say("x\r\n."), StartsWith("250"));
        });
    }

    [[nodiscard]] const mail::Envelope* stored_for(const std::string& recipient) const
    {
        for (const auto& each : spool.stored) {
            for (const auto& other : each->envelope->recipients) {
                if (other.address.format() == recipient) return each->envelope.get();
            }
        }
        return nullptr;
    }

    Tried tried;
};

const ShownCertificate kGatewayOfA{"a", "gw.a.example"};

TEST(TwoOrganizations, ARelayRightExemptsFromNoRestrictionOfTheOther)
{
    Trying fixture;
    fixture.send({TlsVersion::Tls13,
                  kGatewayOfA,
                  "u@w.example",
                  {"r@a.example", "r@foreign.example", "r@b.example"}});
    EXPECT_THAT(fixture.replies[1], StartsWith("250"));
    EXPECT_THAT(fixture.replies[2], StartsWith("250"));
    EXPECT_THAT(fixture.replies[3], StartsWith("550 5.7.51 connector \"partner-w\""));
}

TEST(TwoOrganizations, MailBelongsToWhomTheDomainOrTheConnectorIsAndShowsNobodyElsesConnector)
{
    Trying fixture;
    fixture.send({TlsVersion::Tls13,
                  kGatewayOfA,
                  "u@a.example",
                  {"r@a.example", "r@b.example", "r@foreign.example"}});
    const mail::Envelope* own = fixture.stored_for("r@a.example");
    const mail::Envelope* other = fixture.stored_for("r@b.example");
    const mail::Envelope* relayed = fixture.stored_for("r@foreign.example");
    ASSERT_TRUE(own != nullptr && other != nullptr && relayed != nullptr);
    EXPECT_EQ(own->organization, "a");
    EXPECT_EQ(own->arrival.connector, "a-gateway");
    EXPECT_TRUE(own->arrival.internal);
    EXPECT_EQ(other->organization, "b");
    EXPECT_EQ(other->arrival.connector, "");
    EXPECT_FALSE(other->arrival.internal);
    EXPECT_EQ(relayed->organization, "a");
    EXPECT_EQ(relayed->arrival.connector, "a-gateway");
    EXPECT_THAT(fixture.spool.text(0), HasSubstr("verified")) << "in Received";
    EXPECT_EQ(fixture.log.messages.at(0).connector, "a-gateway");
    EXPECT_EQ(fixture.log.messages.at(0).organization, "a");
    EXPECT_EQ(fixture.log.sessions.at(0).connector, "a-gateway");
    EXPECT_EQ(fixture.log.sessions.at(0).organization, "a");
    EXPECT_EQ(fixture.log.messages.at(0).because, "attribution.certificate gw.a.example");
    EXPECT_EQ(fixture.log.sessions.at(0).because, "attribution.certificate gw.a.example");
}

TEST(TwoOrganizations, MailOfAGatewayOfTheOtherBelongsToTheOtherWhateverItsSender)
{
    Trying fixture;
    fixture.send({TlsVersion::Tls13, {"b", "gw.b.example"}, "u@a.example", {"r@foreign.example"}});
    ASSERT_NE(fixture.stored_for("r@foreign.example"), nullptr);
    EXPECT_EQ(fixture.stored_for("r@foreign.example")->organization, "b");
}

// What b may write without being refused at save, a's mail does not notice.
TEST(TwoOrganizations, OneCanNeitherBlockNorCaptureTheMailOfTheOther)
{
    Trying fixture;
    auto& connectors = fixture.contents.inbound_connectors;
    const std::string ca = ConnectorFixture::ca_of("b");
    auto block = policy::make_connector(
        {"block", "b", ConnectorKind::Partner, {"*"}, {"127.0.0.0/8"}, {"nobody.example"}, ca});
    block.require_certificate = true;
    auto capture = policy::make_connector(
        {"capture", "b", ConnectorKind::OnPremises, {}, {"127.0.0.1"}, {"gw.a.example"}, ca});
    capture.may_relay = capture.treat_as_internal = true;
    connectors.insert(connectors.end(), {block, capture});
    fixture.take_contents();
    fixture.send(
        {TlsVersion::Tls13, kGatewayOfA, "u@a.example", {"r@a.example", "r@foreign.example"}});
    EXPECT_EQ(fixture.stored_for("r@a.example")->arrival.connector, "a-gateway");
    EXPECT_EQ(fixture.stored_for("r@foreign.example")->organization, "a");
    // A stranger to a, in clear: b's connectors count for b's recipients alone.
    fixture.spool.stored.clear();
    fixture.send({TlsVersion::None, {}, "u@s.example", {"r@a.example"}});
    EXPECT_THAT(fixture.replies[1], StartsWith("250"));
    EXPECT_EQ(fixture.stored_for("r@a.example")->arrival.connector, "");
}

TEST(Connectors, RefuseAtMailWhereOneOrganizationOwnsEveryDomain)
{
    Trying fixture;
    std::erase_if(fixture.contents.accepted_domains,
                  [](const auto& each) { return each.organization == "b"; });
    fixture.take_contents();
    fixture.send({TlsVersion::None, {}, "u@x.example", {"r@a.example"}});
    EXPECT_THAT(fixture.replies[0], StartsWith("530 5.7.0 connector \"partner-x\", in clear: "));
    EXPECT_THAT(fixture.replies[0], HasSubstr("STARTTLS"));
    EXPECT_THAT(fixture.replies[1], StartsWith("503"));
    EXPECT_EQ(fixture.metrics.value(Metric::InboundTlsRequired), 1);
    // The other organization's gateway may relay, so that recipients decide.
    fixture.send({TlsVersion::Tls13,
                  {"b", "gw.b.example"},
                  "u@x.example",
                  {"r@a.example", "r@foreign.example"}});
    EXPECT_THAT(fixture.replies[0], StartsWith("250"));
    EXPECT_THAT(fixture.replies[1], StartsWith("550 5.7.51"));
    EXPECT_THAT(fixture.replies[2], StartsWith("250"));
}

TEST(Connectors, LogWhatWouldHavePassedOnceForEachFinding)
{
    Trying fixture;
    fixture.send({TlsVersion::Tls13,
                  {"x", "mx.x.example"},
                  "u@y.example",
                  {"1@a.example", "2@a.example", "3@a.example"}});
    for (std::size_t i = 1; i < fixture.replies.size(); ++i) {
        EXPECT_THAT(fixture.replies[i],
                    StartsWith("550 5.7.51 connector \"partner-y\", a certificate for "
                               "mx.x.example: "));
        EXPECT_THAT(fixture.replies[i], Not(HasSubstr("mx.y.example")));
    }
    ASSERT_EQ(fixture.log.events.size(), 1U);
    EXPECT_THAT(fixture.log.events[0], StartsWith("connector.refused session="));
    EXPECT_THAT(fixture.log.events[0], HasSubstr("wanted=mx.y.example by the CAs of "));
    EXPECT_EQ(fixture.metrics.value(Metric::InboundCertificate), 3);
    EXPECT_EQ(fixture.log.sessions.at(0).refused, 3U);
}

TEST(Connectors, MakeAPartnerWaitWhileItsCasCannotBeRead)
{
    Trying fixture;
    fixture.trust = std::make_shared<const ClientTrust>();
    fixture.send({TlsVersion::Tls13, {"x", "mx.x.example"}, "u@x.example", {"r@a.example"}});
    EXPECT_THAT(fixture.replies[1], StartsWith("451 4.3.5 connector \"partner-x\""));
}

// What may have been revoked is no evidence.
TEST(Connectors, MakeAPartnerWaitWhileItsRevocationListsCannotBeRead)
{
    Trying fixture;
    fixture.contents.organizations.at(0).crl_folder = "/nowhere/crls";
    fixture.contents.organizations.at(0).revocation = objects::Revocation::StapledAndCrl;
    fixture.take_contents();
    fixture.send({TlsVersion::Tls13, {"x", "mx.x.example"}, "u@x.example", {"r@a.example"}});
    EXPECT_THAT(fixture.replies[1], StartsWith("451 4.3.5 connector \"partner-x\""));
}

TEST(Connectors, MakeOurOwnServersWaitWhileTheirCasCannotBeRead)
{
    Trying fixture;
    fixture.trust = std::make_shared<const ClientTrust>();
    fixture.send({TlsVersion::Tls13, kGatewayOfA, "u@a.example", {"x@foreign.example"}});
    EXPECT_THAT(fixture.replies[1], StartsWith("451 4.3.5 connector \"a-gateway\"")) << "to relay";
    fixture.send({TlsVersion::Tls13, kGatewayOfA, "u@a.example", {"r@a.example"}});
    EXPECT_THAT(fixture.replies[1], StartsWith("451 4.3.5 connector \"a-gateway\""))
        << "own domain";
    fixture.send({TlsVersion::Tls13, {}, "u@a.example", {"x@foreign.example"}});
    EXPECT_THAT(fixture.replies[1], StartsWith("550 5.7.64")) << "a stranger";
}

TEST(Connectors, MakeOurOwnServersWaitWhileTheirRevocationListsCannotBeRead)
{
    Trying fixture;
    fixture.contents.organizations.at(0).crl_folder = "/nowhere/crls";
    fixture.contents.organizations.at(0).revocation = objects::Revocation::StapledAndCrl;
    fixture.take_contents();
    fixture.send({TlsVersion::Tls13, kGatewayOfA, "u@s.example", {"x@foreign.example"}});
    EXPECT_THAT(fixture.replies[1], StartsWith("451 4.3.5 connector \"a-gateway\""));
    EXPECT_EQ(fixture.metrics.value(Metric::InboundCasUnavailable), 1);
}

TEST(Connectors, MatchTheNullSenderByEvidenceAlone)
{
    Trying fixture;
    fixture.contents.inbound_connectors[0].networks = {*Network::parse("192.0.2.0/24")};
    fixture.contents.inbound_connectors[0].require_network = true;
    fixture.take_contents();
    fixture.send({TlsVersion::Tls13, {}, "", {"r@a.example"}});
    EXPECT_THAT(fixture.replies[1], StartsWith("250"));
    fixture.send({TlsVersion::Tls13, {"x", "mx.x.example"}, "", {"r@a.example"}});
    EXPECT_THAT(fixture.replies[1],
                StartsWith("550 5.7.51 connector \"partner-x\", address 127.0.0.1: "));
}

TEST(Connectors, EndASessionThatOnlyCollectsRefusals)
{
    Trying fixture;
    fixture.limits.errors_per_session = 3;
    fixture.send({TlsVersion::None,
                  {},
                  "u@x.example",
                  {"1@a.example", "2@a.example", "3@a.example", "4@a.example"}});
    EXPECT_THAT(fixture.replies[3], StartsWith("530 5.7.0"));
    EXPECT_THAT(fixture.replies[4], StartsWith("421 4.7.0"));
    EXPECT_EQ(fixture.log.sessions.at(0).ended, "limit.errors");
}

TEST(Connectors, JudgeEachTransactionByTheObjectsOfItsBeginning)
{
    Trying fixture;
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        auto& self = static_cast<Trying&>(f);
        (void)co_await client.reply();
        const ShownCertificate shown = kGatewayOfA;
        co_await ConnectorFixture::greet(client, TlsVersion::Tls13, shown);
        (void)co_await client.say("MAIL FROM:<u@a.example>");
        EXPECT_THAT(co_await client.say("RCPT TO:<r@foreign.example>"), StartsWith("250"));
        self.contents.inbound_connectors.clear();
        self.take_contents();
        self.service->set_snapshot(self.snapshot);
        self.service->set_client_trust(self.trust);
        EXPECT_THAT(co_await client.say("RCPT TO:<s@foreign.example>"), StartsWith("250"));
        (void)co_await client.say("RSET");
        (void)co_await client.say("MAIL FROM:<u@s.example>");
        EXPECT_THAT(co_await client.say("RCPT TO:<r@foreign.example>"), StartsWith("550 5.7.64"));
    });
}

class LegacyListener : public Trying {
public:
    explicit LegacyListener(const char* network)
    {
        set_versions(TlsVersion::Tls10, TlsVersion::Tls13);
        options.min_tls = TlsVersion::Tls10;
        options.legacy_networks = {*Network::parse(network)};
    }
};

TEST(LegacyListener, TakesOldVersionsFromItsNetworksWhateverTheOrganizationsFloor)
{
    LegacyListener fixture{"127.0.0.0/8"};
    fixture.send({TlsVersion::Tls11, {}, "u@s.example", {"r@a.example", "r@b.example"}});
    EXPECT_THAT(fixture.replies[1], StartsWith("250"));
    EXPECT_THAT(fixture.replies[2], StartsWith("250"));
    EXPECT_TRUE(fixture.log.sessions.at(0).client.legacy_listener);
    EXPECT_EQ(fixture.metrics.value(Metric::InboundTls11), 1);
    // What a connector asks for itself still counts.
    for (auto& each : fixture.contents.inbound_connectors) each.min_tls = TlsVersion::Tls12;
    fixture.take_contents();
    fixture.send({TlsVersion::Tls11, {}, "u@x.example", {"r@a.example"}});
    EXPECT_THAT(fixture.replies[1], StartsWith("550 5.7.51 connector \"partner-x\", TLSv1.1: "));
}

TEST(LegacyListener, RefusesAllOthersBeforeAnythingElse)
{
    LegacyListener fixture{"192.0.2.0/24"};
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        EXPECT_THAT(co_await client.reply(), StartsWith("554 5.7.0 "));
        EXPECT_EQ(co_await client.reply(), "(closed)");
    });
    EXPECT_EQ(fixture.log.sessions.at(0).ended, "listener.not-your-network");
    EXPECT_EQ(fixture.metrics.value(Metric::InboundLegacyDenied), 1);
}

TEST(LegacyListener, JudgesTheClientBehindAProxy)
{
    LegacyListener fixture{"192.0.2.0/24"};
    fixture.options.proxy_networks = {*Network::parse("127.0.0.0/8")};
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        co_await client.send("PROXY TCP4 192.0.2.9 192.0.2.25 4000 25\r\n");
        EXPECT_THAT(co_await client.reply(), StartsWith("220"));
    });
    LegacyListener other{"127.0.0.0/8"};
    other.options.proxy_networks = {*Network::parse("127.0.0.0/8")};
    other.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        co_await client.send("PROXY TCP4 192.0.2.9 192.0.2.25 4000 25\r\n");
        EXPECT_THAT(co_await client.reply(), StartsWith("554"));
    });
}

TEST(LegacyListener, JudgesTheClientThatXclientNames)
{
    LegacyListener fixture{"127.0.0.0/8"};
    fixture.options.xclient_networks = {*Network::parse("127.0.0.0/8")};
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        (void)co_await client.say("EHLO a");
        EXPECT_THAT(co_await client.say("XCLIENT ADDR=203.0.113.9"), StartsWith("220"));
        EXPECT_THAT(co_await client.reply(), StartsWith("554 5.7.0"));
        EXPECT_EQ(co_await client.reply(), "(closed)");
    });
}

TEST(TwoOrganizations, WhatAConnectorRequiredIsKeptWithItsOrganizationsPartAlone)
{
    Trying fixture;
    fixture.send(
        {TlsVersion::Tls13, {"x", "mx.x.example"}, "u@x.example", {"r@a.example", "r@b.example"}});
    ASSERT_EQ(fixture.spool.stored.size(), 2U);
    for (const auto& each : fixture.spool.stored) {
        const bool of_a = each->envelope->organization == "a";
        EXPECT_EQ(each->state.required_tls.has_value(), of_a);
        if (!of_a) continue;
        EXPECT_EQ(*each->state.required_tls,
                  (mail::RequiredTls{mail::TlsLevel::Encrypt, "arrival.tls-required"}));
    }
}

}  // namespace
}  // namespace hermetic::inbound
