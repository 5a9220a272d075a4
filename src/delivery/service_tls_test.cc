// The service in TLS: steps, clear text or not, the times of failures, what ends a connection's
// use.
#include "delivery/service.h"
#include "delivery/service_fixture.h"
#include "facts/reasons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::delivery {
namespace {

using facts::OutcomeClass;
using facts::Reason;
using testing::ElementsAre;
using testing::HasSubstr;

std::shared_ptr<const tls::ServerContext> server_context(tls::PkiFixture& pki,
                                                         tls::ServerProfile profile = {})
{
    profile.certificates = {pki.make("mx.other.test")};
    return *tls::make_server_context(profile);
}

tls::ServerProfile old_versions()
{
    tls::ServerProfile profile;
    profile.min = facts::TlsVersion::Tls10;
    profile.max = facts::TlsVersion::Tls11;
    profile.ciphers = "ALL:@SECLEVEL=0";
    return profile;
}

TEST_F(DeliveryTest, UsesTlsWhereItIsOfferedAndReusesTheConnection)
{
    tls::PkiFixture pki;
    settings.cas = *tls::load_cas(pki.root_file());
    PeerScript script;
    script.tls = server_context(pki);
    script.extensions.emplace_back("CHUNKING");
    auto& peer = peer_for("other.test", script);
    const auto report =
        deliver(grant_for({make_message({"b@other.test"}), make_message({"c@other.test"})}));
    EXPECT_EQ(report.delivered, 2U);
    EXPECT_EQ(peer.connections, 1);
    EXPECT_THAT(peer.in_tls, ElementsAre(true, true));
    ASSERT_EQ(log.attempts.size(), 2U);
    const auto& first = log.attempts[0];
    ASSERT_TRUE(first.tls);
    EXPECT_EQ(first.tls->version, facts::TlsVersion::Tls13);
    EXPECT_EQ(first.steps.at(0).reason, Reason::LadderEverything);
    EXPECT_THAT(first.policy_reasons,
                ElementsAre(Reason::TlsOrganizationLevel, Reason::TlsVerified));
    EXPECT_FALSE(first.reused);
    EXPECT_TRUE(log.attempts[1].reused);
    EXPECT_TRUE(log.attempts[1].steps.empty());

    // Another grant takes the kept connection; the stop says goodbye.
    deliver(make_message({"d@other.test"}));
    EXPECT_EQ(peer.connections, 1);
    EXPECT_EQ(service->idle_connections(), 1U);
    finish();
    EXPECT_EQ(peer.commands.back(), "QUIT");
}

TEST_F(DeliveryTest, DiscardsRepliesInjectedBehindStartTls)
{
    tls::PkiFixture pki;
    PeerScript script;
    script.tls = server_context(pki);
    script.injected = "250-injected\r\n250 AUTH PLAIN\r\n250 2.1.0 injected";
    auto& peer = peer_for("other.test", script);
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
    EXPECT_THAT(peer.in_tls, ElementsAre(true));
    EXPECT_EQ(log.attempts[0].steps.at(0).reason, Reason::StarttlsInjected);
}

TEST_F(DeliveryTest, TriesTheStepsOfTheLadderAndEndsInClearOnlyOnAFreshConnection)
{
    tls::PkiFixture pki;
    PeerScript script;
    script.tls = server_context(pki, old_versions());
    auto& peer = peer_for("other.test", script);
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
    EXPECT_THAT(peer.in_tls, ElementsAre(false));
    const auto& steps = log.attempts[0].steps;
    ASSERT_EQ(steps.size(), 3U);
    EXPECT_EQ(steps[0].reason, Reason::HandshakeAlert);
    EXPECT_EQ(steps[1].kind, facts::AttemptStep::Kind::LowerVersion);
    EXPECT_EQ(steps[2].kind, facts::AttemptStep::Kind::Clear);
    EXPECT_EQ(steps[2].reason, Reason::LadderEveryHandshakeFailed);
    EXPECT_EQ(peer.connections, 3);
    EXPECT_EQ(service->idle_connections(), 0U) << "such a connection is never kept";
}

TEST_F(DeliveryTest, AnAlertOnTheFirstReadAfterAHandshakeIsItsFailure)
{
    tls::PkiFixture pki;
    tls::ServerProfile strict;
    strict.client_certificates = tls::ClientCertificates::Require;
    PeerScript script;
    script.tls = server_context(pki, strict);
    auto& peer = peer_for("other.test", script);
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
    EXPECT_THAT(peer.in_tls, ElementsAre(false));
    const auto& steps = log.attempts[0].steps;
    ASSERT_EQ(steps.size(), 2U) << "another hello would not change it";
    EXPECT_EQ(steps[0].reason, Reason::HandshakeAlert);
    ASSERT_TRUE(steps[0].tls_failure);
    EXPECT_EQ(steps[0].tls_failure->alert, 116);
}

// Specification §4.3: until the peer is proved, anybody in between may have refused.
TEST_F(DeliveryTest, ARefusalInClearReturnsNoMailWhereTlsIsRequired)
{
    tls::PkiFixture pki;
    contents.organizations[0].tls = objects::TlsLevel::Encrypt;
    struct {
        const char* command;  // "": the greeting
        Reason reason;
        facts::Stage stage;
    } const rows[] = {{"", Reason::PeerUnproved, facts::Stage::Greeting},
                      {"EHLO", Reason::PeerUnproved, facts::Stage::Ehlo},
                      {"STARTTLS", Reason::StarttlsRefused, facts::Stage::StartTls}};
    for (const auto& row : rows) {
        SCOPED_TRACE(row.command);
        PeerScript script;
        script.tls = server_context(pki);
        const std::string refusal = "554 5.7.1 your mail is not wanted";
        if (*row.command == 0) {
            script.greeting = refusal;
        } else {
            script.replies[row.command] = refusal;
            script.replies["HELO"] = refusal;
        }
        if (service) finish();
        peers.clear();
        resolver.mxs.clear();
        peer_for("other.test", script);
        EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U);
        EXPECT_EQ(outcome().reason, row.reason);
        EXPECT_EQ(outcome().stage, row.stage);
        EXPECT_EQ(outcome().origin, facts::Origin::Local);
        EXPECT_EQ(outcome().enhanced.format(), "4.4.317");
        EXPECT_THAT(outcome().text, HasSubstr("\"554 5.7.1 your mail is not wanted\""));
        EXPECT_FALSE(facts::suggest_fix(outcome()).empty());
        ASSERT_EQ(spool.changes.back().kind, spool::Change::Kind::Deferred);
        EXPECT_TRUE(spool.changes.back().state.tls_failing_since) << "the short times count";
    }
}

TEST_F(DeliveryTest, AfterARefusalInClearTheNextHostIsTried)
{
    tls::PkiFixture pki;
    contents.organizations[0].tls = objects::TlsLevel::Encrypt;
    PeerScript refusing;
    refusing.greeting = "554 go away";
    PeerScript good;
    good.tls = server_context(pki);
    auto& peer = peer_for("other.test", refusing);
    peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, good, "127.0.0.2", peer.port()));
    resolver.add_mx("other.test", 20, "mx2.other.test");
    resolver.hosts["mx2.other.test"] = {*IpAddress::parse("127.0.0.2")};
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
    EXPECT_EQ(log.attempts[0].steps.at(0).reason, Reason::PeerUnproved);
    EXPECT_THAT(peers[1]->in_tls, ElementsAre(true));
}

TEST_F(DeliveryTest, InTlsOnlyAPeerWhoseCertificatePassesMayRefuse)
{
    tls::PkiFixture pki;
    settings.cas = *tls::load_cas(pki.root_file());
    PeerScript script;
    script.tls = server_context(pki);
    script.refuses_hello_in_tls = true;
    for (const bool proved : {true, false}) {
        if (service) finish();
        peers.clear();
        resolver.mxs.clear();
        contents.outbound_connectors.clear();
        peer_for("other.test", script);
        objects::OutboundConnector connector;
        connector.name = "bank";
        connector.recipient_domains = {*objects::DomainPattern::parse("other.test")};
        connector.tls.level = objects::TlsLevel::VerifyName;
        connector.tls.names = {*objects::TlsName::parse(proved ? "mx.other.test" : "bank.test")};
        contents.outbound_connectors.push_back(connector);
        const auto report = deliver(make_message({"b@other.test"}));
        EXPECT_EQ(report.failed, proved ? 1U : 0U);
        EXPECT_EQ(outcome().reason, proved ? Reason::EhloRefused : Reason::TlsNameMismatch);
        EXPECT_EQ(outcome().origin, proved ? facts::Origin::Remote : facts::Origin::Local);
        EXPECT_TRUE(log.attempts.back().tls) << "what it showed is told";
    }
}

TEST_F(DeliveryTest, RefusedStartTlsIsAFailedStep)
{
    tls::PkiFixture pki;
    PeerScript script;
    script.tls = server_context(pki);
    for (const std::string reply : {"454 4.7.0 not now", "close"}) {
        script.replies["STARTTLS"] = reply;
        if (service) finish();
        peers.clear();
        resolver.mxs.clear();
        auto& peer = peer_for("other.test", script);
        EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
        EXPECT_THAT(peer.in_tls, ElementsAre(false));
        EXPECT_EQ(log.attempts.back().steps.at(0).reason, Reason::StarttlsRefused);
    }
}

// Specification §4.3: clear text only where every host's handshake failed.
// STARTTLS is not sent then, so nothing has refused it: no clear text follows.
TEST_F(DeliveryTest, AnUnaskedReplyBeforeStartTlsIsNoRefusal)
{
    PeerScript script;
    script.replies["EHLO"] = "250-peer.test\r\n250 STARTTLS\r\n250 ok";
    auto& peer = peer_for("other.test", script);
    EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::ReplyUnexpected);
    EXPECT_EQ(outcome().stage, facts::Stage::StartTls);
    EXPECT_EQ(peer.connections, 1);
    EXPECT_THAT(peer.commands, testing::SizeIs(1)) << "EHLO alone";
    ASSERT_EQ(log.attempts.size(), 1U);
    ASSERT_THAT(log.attempts[0].steps, testing::SizeIs(1));
    EXPECT_EQ(log.attempts[0].steps[0].reason, Reason::ReplyUnexpected);
}

// RFC 5321 §3.8: a server that has to close says so at any time, and answers nothing by it.
TEST_F(DeliveryTest, AServerThatClosesBeforeTlsHasRefusedNoStartTls)
{
    tls::PkiFixture pki;
    const std::pair<const char*, const char*> rows[] = {
        {"STARTTLS", "421 4.3.2 shutting down"},
        {"EHLO", "250-peer.test\r\n250 STARTTLS\r\n421 4.3.2 shutting down"}};
    for (const auto& [command, reply] : rows) {
        SCOPED_TRACE(command);
        PeerScript script;
        script.tls = server_context(pki);
        script.replies[command] = reply;
        if (service) finish();
        peers.clear();
        resolver.mxs.clear();
        auto& peer = peer_for("other.test", script);
        const auto report = deliver(make_message({"b@other.test"}));
        EXPECT_EQ(report.deferred, 1U);
        EXPECT_TRUE(report.slow_down);
        EXPECT_EQ(outcome().reason, Reason::StarttlsDeferred);
        EXPECT_EQ(outcome().stage, facts::Stage::StartTls);
        EXPECT_EQ(outcome().origin, facts::Origin::Remote);
        EXPECT_EQ(outcome().enhanced.format(), "4.3.2");
        EXPECT_EQ(peer.connections, 1);
        EXPECT_THAT(peer.messages, testing::IsEmpty()) << "it went in clear";
        EXPECT_FALSE(spool.changes.back().state.tls_failing_since) << "no TLS has failed";
    }
}

TEST_F(DeliveryTest, AHostThatSpokeTlsKeepsTheNextOneFromClearText)
{
    tls::PkiFixture pki;
    PeerScript good;
    good.tls = server_context(pki);
    good.replies["RCPT"] = "451 4.7.1 greylisted";
    PeerScript old;
    old.tls = server_context(pki, old_versions());
    peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, good));
    peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, old));
    next_hop_for("other.test", {host_of(*peers[0]), host_of(*peers[1])});
    for (int i = 0; i < 3; ++i) deliver(make_message({"b@other.test"}));
    EXPECT_TRUE(peers[1]->messages.empty()) << "it went in clear";
    EXPECT_EQ(outcome().reason, Reason::RcptDeferred);
    EXPECT_EQ(outcome().text, "4.7.1 greylisted");
}

// Of a host that cannot be reached it is not known that its handshake fails.
TEST_F(DeliveryTest, AHostThatIsNotReachedKeepsTheOthersFromClearText)
{
    tls::PkiFixture pki;
    PeerScript old;
    old.tls = server_context(pki, old_versions());
    peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, old));
    auto gone = host_of(*peers[0]);
    gone.port = closed_port();
    next_hop_for("other.test", {host_of(*peers[0]), gone});
    EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U);
    EXPECT_TRUE(peers[0]->messages.empty()) << "it went in clear";
    EXPECT_EQ(outcome().reason, Reason::LadderHandshakeFailed);
}

TEST_F(DeliveryTest, ANameWithoutAddressIsNoHostAndKeepsNobodyFromClearText)
{
    tls::PkiFixture pki;
    PeerScript old;
    old.tls = server_context(pki, old_versions());
    auto& peer = peer_for("other.test", old);
    resolver.add_mx("other.test", 20, "gone.other.test");
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
    EXPECT_THAT(peer.in_tls, ElementsAre(false));
}

// Specification §6: a notice of delay after an hour, the end after a day of failures for TLS.
TEST_F(DeliveryTest, WhatFailsForTlsIsToldAfterAnHourAndReturnedAfterADay)
{
    using std::chrono::hours;
    using std::chrono::minutes;
    tls::PkiFixture pki;
    PeerScript old;
    old.tls = server_context(pki, old_versions());
    peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, old));
    auto gone = host_of(*peers[0]);
    gone.port = closed_port();
    next_hop_for("other.test", {host_of(*peers[0]), gone});
    auto message = make_message({"b@other.test"});
    const WallTime began = fixture.clock.wall();
    deliver(message);
    ASSERT_TRUE(spool.changes.at(0).state.tls_failing_since);
    EXPECT_GE(*spool.changes[0].state.tls_failing_since, began);
    EXPECT_TRUE(log.notices.empty());

    // As if it had come, and failed first, so much earlier.
    const auto after = [&](Duration waited) {
        const auto earlier = std::chrono::duration_cast<WallTime::duration>(waited);
        auto again = std::make_shared<spool::StoredMessage>(*message);
        auto envelope = std::make_shared<mail::Envelope>(*message->envelope);
        envelope->accepted_at -= earlier;
        again->envelope = envelope;
        again->state = spool.changes.at(0).state;
        *again->state.tls_failing_since -= earlier;
        deliver(again);
        return spool.changes.back();
    };
    EXPECT_EQ(after(minutes{59}).state.delay_notified, false);
    EXPECT_EQ(after(minutes{60}).state.delay_notified, true);
    ASSERT_EQ(log.notices.size(), 1U);
    EXPECT_EQ(log.notices[0].kind, "delay");
    EXPECT_EQ(after(hours{23}).kind, spool::Change::Kind::Deferred);
    const auto last = after(hours{24});
    EXPECT_EQ(last.kind, spool::Change::Kind::Finished);
    EXPECT_EQ(outcome().result, OutcomeClass::Failed);
    EXPECT_EQ(outcome().enhanced.format(), "5.4.317");
    EXPECT_EQ(log.notices.back().kind, "failure");
    ASSERT_EQ(last.new_messages.size(), 1U);
    EXPECT_THAT(std::string{last.new_messages[0]->body.bytes.view()},
                HasSubstr("A protected connection"));
}

TEST_F(DeliveryTest, AStepThatEndsBehindItsHandshakeIsRecordedToo)
{
    tls::PkiFixture pki;
    PeerScript script;
    script.tls = server_context(pki);
    script.refuses_hello_in_tls = true;
    peer_for("other.test", script);
    deliver(make_message({"b@other.test"}));
    const auto& steps = log.attempts.at(0).steps;
    ASSERT_EQ(steps.size(), 1U);
    EXPECT_EQ(steps[0].kind, facts::AttemptStep::Kind::Everything);
    EXPECT_FALSE(steps[0].succeeded);
    EXPECT_EQ(steps[0].reason, Reason::EhloRefused);
}

// Specification §4.5: what the certificates were judged by is part of the policy.
TEST_F(DeliveryTest, OtherCasEndTheUseOfConnectionsAndSessions)
{
    tls::PkiFixture pki;
    tls::PkiFixture other;
    settings.cas = *tls::load_cas(pki.root_file());
    PeerScript script;
    script.tls = server_context(pki);
    auto& peer = peer_for("other.test", script);
    deliver(make_message({"b@other.test"}));
    settings.cas = *tls::load_cas(pki.root_file());
    service->set_settings(std::make_shared<const outbound::DeliverySettings>(settings));
    deliver(make_message({"c@other.test"}));
    EXPECT_EQ(peer.connections, 1) << "the same ones, read again";
    settings.cas = *tls::load_cas(other.root_file());
    service->set_settings(std::make_shared<const outbound::DeliverySettings>(settings));
    deliver(make_message({"d@other.test"}));
    EXPECT_EQ(peer.connections, 2);
    ASSERT_TRUE(log.attempts.back().tls);
    EXPECT_FALSE(log.attempts.back().tls->resumed);
    EXPECT_EQ(log.attempts.back().policy_reasons.back(), Reason::TlsUnknownCa);
}

// Postfix refuses a client's name or address there: the attempt says over what.
TEST_F(DeliveryTest, AHelloRefusedInTlsTellsOfTheHandshake)
{
    tls::PkiFixture pki;
    settings.cas = *tls::load_cas(pki.root_file());
    PeerScript script;
    script.tls = server_context(pki);
    script.refuses_hello_in_tls = true;
    peer_for("other.test", script);
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 0U);
    ASSERT_TRUE(log.attempts.back().tls);
    EXPECT_EQ(log.attempts.back().tls->version, facts::TlsVersion::Tls13);
    EXPECT_EQ(outcome().stage, facts::Stage::Ehlo);
}

// Specification §6.1: evidence is kept wherever a handshake was completed.
TEST_F(DeliveryTest, WhatARefusedServerShowedStandsInTheAttempt)
{
    tls::PkiFixture pki;
    settings.cas = *tls::load_cas(pki.root_file());
    tls::ServerProfile profile;
    profile.certificates = {pki.make("whoever.test")};
    PeerScript script;
    script.tls = *tls::make_server_context(profile);
    peer_for("other.test", script);
    contents.organizations[0].tls = objects::TlsLevel::VerifyName;
    EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::TlsNameMismatch);
    const auto& attempt = log.attempts.back();
    for (const auto& tls : {attempt.tls, attempt.steps.back().tls}) {
        ASSERT_TRUE(tls);
        EXPECT_EQ(tls->version, facts::TlsVersion::Tls13);
        ASSERT_FALSE(tls->chain.empty());
        EXPECT_THAT(tls->chain[0].dns_names, ElementsAre("whoever.test"));
    }
    EXPECT_THAT(spool.changes.back().state.last_attempt, HasSubstr("names whoever.test"));
}

}  // namespace
}  // namespace hermetic::delivery
