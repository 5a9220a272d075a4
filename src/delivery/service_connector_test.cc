// The service under outbound connectors: what they require, what audit records, what is shared.
#include "delivery/service.h"
#include "delivery/service_fixture.h"
#include "facts/reasons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::delivery {
namespace {

using facts::Reason;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

class ConnectorTest : public DeliveryTest {
protected:
    // other.test: a server with TLS and a certificate for `host`, and a connector with `tls`.
    ScriptedPeer& peer_under(objects::TlsSettings tls, const std::string& host = "mx.other.test")
    {
        settings.cas = *tls::load_cas(pki_.root_file());
        tls::ServerProfile profile;
        profile.certificates = {pki_.make(host)};
        PeerScript script;
        script.tls = *tls::make_server_context(profile);
        auto& peer = peer_for("other.test", script);
        add_connector("bank", "other.test", std::move(tls));
        return peer;
    }

    void add_connector(std::string name, std::string_view domain, objects::TlsSettings tls)
    {
        objects::OutboundConnector connector;
        connector.name = std::move(name);
        connector.recipient_domains = {*objects::DomainPattern::parse(domain)};
        connector.tls = std::move(tls);
        contents.outbound_connectors.push_back(std::move(connector));
    }

    static objects::TlsSettings at(objects::TlsLevel level)
    {
        objects::TlsSettings tls;
        tls.level = level;
        return tls;
    }

private:
    tls::PkiFixture pki_;
};

TEST_F(ConnectorTest, ANameOfTheDomainPasses)
{
    auto& peer = peer_under(at(objects::TlsLevel::VerifyName));
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
    EXPECT_THAT(peer.in_tls, ElementsAre(true));
    EXPECT_EQ(log.attempts[0].policy, "verify_name");
    EXPECT_THAT(log.attempts[0].policy_reasons,
                ElementsAre(Reason::TlsOrganizationLevel, Reason::TlsConnectorLevel,
                            Reason::TlsNameOfDomain, Reason::TlsVerified));
}

TEST_F(ConnectorTest, AnotherNameMakesTheMessageWait)
{
    auto& peer = peer_under(at(objects::TlsLevel::VerifyName), "mx.elsewhere.test");
    EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U);
    EXPECT_THAT(peer.in_tls, IsEmpty()) << "no MAIL was said";
    const auto& outcome = log.attempts[0].parts.at(0).outcome;
    EXPECT_EQ(outcome.reason, Reason::TlsNameMismatch);
    EXPECT_EQ(outcome.enhanced.format(), "4.7.320");
    EXPECT_EQ(outcome.stage, facts::Stage::Verify);
}

TEST_F(ConnectorTest, APinThatIsNotTheLeafsMakesTheMessageWait)
{
    auto tls = at(objects::TlsLevel::Encrypt);
    tls.pins = {std::string(64, '0')};
    auto& peer = peer_under(tls);
    EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U);
    EXPECT_THAT(peer.in_tls, IsEmpty());
    EXPECT_EQ(log.attempts[0].parts.at(0).outcome.reason, Reason::TlsPinMismatch);
}

TEST_F(ConnectorTest, AuditDeliversAndRecordsWhatEnforcingWouldHaveDone)
{
    auto tls = at(objects::TlsLevel::VerifyName);
    tls.mode = objects::ConnectorMode::Audit;
    auto& peer = peer_under(tls, "mx.elsewhere.test");
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
    EXPECT_THAT(peer.in_tls, ElementsAre(true));
    EXPECT_EQ(log.attempts[0].policy, "opportunistic");
    EXPECT_THAT(log.attempts[0].policy_reasons, Contains(Reason::TlsAuditWouldRefuse));
    EXPECT_EQ(log.attempts[0].policy_reasons.back(), Reason::TlsNameMismatch);
}

TEST_F(ConnectorTest, AuditOfAConnectionInClearNamesTheReasonOfEnforcing)
{
    auto tls = at(objects::TlsLevel::Encrypt);
    tls.mode = objects::ConnectorMode::Audit;
    peer_for("other.test", PeerScript{});
    add_connector("bank", "other.test", tls);
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
    EXPECT_EQ(log.attempts[0].policy_reasons.back(), Reason::StarttlsNotOffered)
        << "as of WithoutStartTlsTheMessageWaits";
}

TEST_F(ConnectorTest, WithoutStartTlsTheMessageWaits)
{
    auto& peer = peer_for("other.test", PeerScript{});
    add_connector("bank", "other.test", at(objects::TlsLevel::Encrypt));
    EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U);
    EXPECT_THAT(peer.commands, Not(Contains(testing::StartsWith("MAIL"))));
    EXPECT_EQ(log.attempts[0].parts.at(0).outcome.reason, Reason::StarttlsNotOffered);
}

TEST_F(ConnectorTest, ARouteWhoseConnectorIsGoneWaitsForAnother)
{
    auto& peer = peer_under(at(objects::TlsLevel::Encrypt));
    auto grant = grant_for({make_message({"b@other.test"})});
    contents.outbound_connectors.clear();
    EXPECT_EQ(deliver(std::move(grant)).delivered, 0U);
    EXPECT_THAT(peer.in_tls, IsEmpty());
}

}  // namespace
}  // namespace hermetic::delivery
