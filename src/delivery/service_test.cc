// The service as a whole, against scripted peers on loopback.
#include "delivery/service.h"

#include "delivery/service_fixture.h"
#include "facts/reasons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::delivery {
namespace {

using facts::OutcomeClass;
using facts::Reason;
using facts::Stage;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(DeliveryTest, DeliversInClearWhereStartTlsIsNotOffered)
{
    auto& peer = peer_for("other.test", {});
    const auto report = deliver(make_message({"b@other.test"}, "Subject: x\r\n\r\n.dot\r\nhi\r\n"));
    EXPECT_EQ(report.delivered, 1U);
    EXPECT_FALSE(report.destination_failure);
    EXPECT_THAT(peer.messages, ElementsAre("Subject: x\r\n\r\n.dot\r\nhi\r\n"));
    EXPECT_THAT(peer.commands, ElementsAre("EHLO us.test", "MAIL FROM:<a@sender.test> SIZE=24",
                                           "RCPT TO:<b@other.test>", "DATA"));
    ASSERT_EQ(spool.changes.size(), 1U);
    EXPECT_EQ(spool.changes[0].kind, spool::Change::Kind::Finished);
    ASSERT_EQ(log.attempts.size(), 1U);
    const auto& attempt = log.attempts[0];
    EXPECT_EQ(attempt.host, "mx.other.test");
    EXPECT_EQ(attempt.tls, std::nullopt);
    ASSERT_EQ(attempt.steps.size(), 1U);
    EXPECT_EQ(attempt.steps[0].kind, facts::AttemptStep::Kind::Clear);
    EXPECT_EQ(attempt.steps[0].reason, Reason::StarttlsNotOffered);
    EXPECT_EQ(outcome().text, "2.0.0 taken");
    EXPECT_EQ(outcome().origin, facts::Origin::Remote);
    EXPECT_EQ(attempt.policy, "opportunistic");
}

TEST_F(DeliveryTest, WhereDnsKnowsNoHostThePolicyOfTheRouteStandsInEveryAttempt)
{
    resolver.mxs["other.test"].status = facts::DnsStatus::Failed;
    contents.organizations[0].tls = objects::TlsLevel::VerifyCa;
    deliver(grant_for({make_message({"b@other.test"}), make_message({"c@other.test"})}));
    ASSERT_EQ(log.attempts.size(), 2U);
    for (const auto& attempt : log.attempts) {
        EXPECT_EQ(attempt.parts.at(0).outcome.reason, Reason::DnsFailed);
        EXPECT_EQ(attempt.policy, "verify_ca");
        EXPECT_THAT(attempt.policy_reasons, testing::Contains(Reason::TlsOrganizationLevel));
    }
}

TEST_F(DeliveryTest, AFailedLookupOfHostsProvesNothing)
{
    resolver.mxs["other.test"].status = facts::DnsStatus::Failed;
    contents.organizations[0].tls = objects::TlsLevel::VerifyName;
    deliver(make_message({"b@other.test"}));
    ASSERT_EQ(log.attempts.size(), 1U);
    const auto& reasons = log.attempts[0].policy_reasons;
    EXPECT_THAT(reasons, testing::Not(testing::Contains(Reason::TlsNameOfSecureMx)));
    EXPECT_THAT(reasons, testing::Contains(Reason::TlsNameOfDomain));
}

TEST_F(DeliveryTest, PartialFailureMakesANoticeInTheSameChange)
{
    PeerScript script;
    script.replies["RCPT TO:<C@"] = "550 5.1.1 no such user";
    script.replies["RCPT TO:<D@"] = "450 4.2.1 busy";
    peer_for("other.test", script);
    const auto report = deliver(make_message({"b@other.test", "c@other.test", "d@other.test"}));
    EXPECT_EQ(report.delivered, 1U);
    ASSERT_EQ(spool.changes.size(), 1U);
    const auto& change = spool.changes[0];
    EXPECT_EQ(change.kind, spool::Change::Kind::Deferred);
    EXPECT_THAT(change.state.finished, ElementsAre(0U, 1U));
    EXPECT_EQ(change.state.attempts, 1U);
    EXPECT_EQ(change.state.last_reason, "rcpt.deferred");
    EXPECT_EQ(change.state.last_text, "450 4.2.1 busy");
    EXPECT_EQ(change.state.last_host, "mx.other.test");
    EXPECT_GT(change.state.next_attempt, fixture.clock.wall());
    ASSERT_EQ(change.new_messages.size(), 1U);
    const auto& notice = *change.new_messages[0];
    EXPECT_EQ(notice.envelope->sender, std::nullopt);
    EXPECT_TRUE(notice.envelope->is_notice);
    EXPECT_EQ(notice.envelope->recipients[0].address.format(), "a@sender.test");
    EXPECT_THAT(std::string{notice.body.bytes.view()}, HasSubstr("no such user"));
    ASSERT_EQ(log.notices.size(), 1U);
    EXPECT_EQ(log.notices[0].kind, "failure");
    EXPECT_FALSE(facts::suggest_fix(outcome(1)).empty());
}

TEST_F(DeliveryTest, ADestinationThatCannotBeReachedIsRecordedInEveryMessageAtOnce)
{
    resolver.add_mx("other.test", 10, "mx.other.test");
    resolver.hosts["mx.other.test"] = {*IpAddress::parse("127.0.0.1")};
    settings.options.port = closed_port();
    const auto report =
        deliver(grant_for({make_message({"b@other.test"}), make_message({"c@other.test"})}));
    ASSERT_TRUE(report.destination_failure);
    EXPECT_EQ(report.destination_failure->reason, Reason::ConnectRefused);
    EXPECT_EQ(report.destination_failure->enhanced.format(), "4.4.316");
    EXPECT_EQ(report.deferred, 2U);
    EXPECT_TRUE(report.untouched.empty());
    ASSERT_EQ(spool.changes.size(), 2U);
    for (const auto& change : spool.changes) {
        EXPECT_EQ(change.state.last_reason, "connect.refused");
    }
    EXPECT_EQ(resolver.questions, 1);
}

// What the sender asked for beyond others has no part in that.
TEST_F(DeliveryTest, AlsoWhereTheMessageAsksForMoreOrLessThanOthers)
{
    resolver.add_mx("other.test", 10, "mx.other.test");
    resolver.hosts["mx.other.test"] = {*IpAddress::parse("127.0.0.1")};
    settings.options.port = closed_port();
    mail::TlsRequests lifts;
    lifts.tls_required_no = true;
    const auto report = deliver(wishing(make_message({"b@other.test"}), lifts));
    ASSERT_TRUE(report.destination_failure);
    EXPECT_EQ(report.destination_failure->reason, Reason::ConnectRefused);
    EXPECT_FALSE(report.answered);
}

TEST_F(DeliveryTest, ADomainThatDoesNotExistFailsAndDoesNotRest)
{
    const auto report = deliver(make_message({"b@nowhere.test"}));
    EXPECT_FALSE(report.destination_failure);
    EXPECT_EQ(report.failed, 1U);
    EXPECT_EQ(outcome().reason, Reason::DnsNoSuchDomain);
    EXPECT_EQ(outcome().stage, Stage::Dns);
    EXPECT_EQ(spool.changes.at(0).kind, spool::Change::Kind::Finished);
    EXPECT_EQ(spool.changes[0].new_messages.size(), 1U);
}

TEST_F(DeliveryTest, LoopbackAddressesFromDnsAreRefused)
{
    auto& peer = peer_for("other.test", {});
    settings.options.allow_loopback = false;
    deliver(make_message({"b@other.test"}));
    EXPECT_EQ(outcome().reason, Reason::RouteTargetLoopback);
    EXPECT_EQ(peer.connections, 0);
}

TEST_F(DeliveryTest, TheNextHostIsTriedAtOnce)
{
    PeerScript busy;
    busy.greeting = "421 4.3.2 too busy";
    peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, busy));
    peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, PeerScript{}));
    next_hop_for("other.test", {host_of(*peers[0]), host_of(*peers[1])});
    for (int i = 0; i < 4; ++i) deliver(make_message({"b@other.test"}));
    EXPECT_EQ(peers[1]->messages.size(), 4U);
    EXPECT_EQ(metrics.value(metrics::Metric::AttemptsDelivered), 4);
}

TEST_F(DeliveryTest, WhatOneHostPutsOffIsOfferedToTheNext)
{
    PeerScript full;
    full.replies["RCPT"] = "452 4.2.2 full";
    peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, full));
    peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, full));
    next_hop_for("other.test", {host_of(*peers[0]), host_of(*peers[1])});
    EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U);
    EXPECT_EQ(peers[0]->connections, 1);
    EXPECT_EQ(peers[1]->connections, 1);
    peers[1]->script_.replies.clear();
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
}

TEST_F(DeliveryTest, AKeptConnectionThatDiedIsReplacedUnnoticed)
{
    contents.organizations[0].tls = objects::TlsLevel::None;
    auto& peer = peer_for("other.test", {});
    deliver(make_message({"b@other.test"}));
    peer.script_.replies["MAIL"] = "close";
    // The peer closes on hearing MAIL, once: a fresh connection works.
    const auto before = reports.reports.size();
    give(grant_for({make_message({"b@other.test"})}));
    turn_until([&] { return peer.commands.size() == 5; });
    peer.script_.replies.clear();
    turn_until([&] { return reports.reports.size() != before; });
    EXPECT_EQ(reports.reports.back().delivered, 1U);
    EXPECT_EQ(peer.connections, 2);
}

// With CHUNKING the whole message goes out before anything is answered: who then closes may have
// it.
TEST_F(DeliveryTest, AKeptConnectionThatTakesTheWholeMessageAndClosesIsNotReplacedAtOnce)
{
    contents.organizations[0].tls = objects::TlsLevel::None;
    PeerScript script;
    script.extensions = {"PIPELINING", "CHUNKING"};
    auto& peer = peer_for("other.test", script);
    deliver(make_message({"b@other.test"}));
    peer.script_.replies["MAIL"] = "close";
    EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U);
    EXPECT_EQ(peer.connections, 1);
    ASSERT_EQ(log.attempts.size(), 2U) << "the try is logged";
    EXPECT_TRUE(log.attempts[1].reused);
    EXPECT_EQ(outcome().stage, facts::Stage::EndOfData);
    EXPECT_EQ(outcome().reason, Reason::ConnectionClosed);
    EXPECT_THAT(outcome().text, testing::HasSubstr("may have been accepted"));
}

TEST_F(DeliveryTest, APeerThatDoesNotKnowBdatGetsData)
{
    PeerScript script;
    script.extensions = {"PIPELINING", "CHUNKING"};
    script.replies["BDAT"] = "500 5.5.1 what?";
    for (const std::size_t size : {std::size_t{10}, std::size_t{1} << 20}) {
        auto& peer = peer_for("other.test", script);
        const std::string line(78, 'x');
        std::string body = "Subject: x\r\n\r\n";
        while (body.size() < size) body += line + "\r\n";
        const auto report = deliver(grant_for(
            {make_message({"b@other.test"}, body), make_message({"c@other.test"}, body)}));
        EXPECT_EQ(report.delivered, 2U);
        EXPECT_THAT(peer.messages, ElementsAre(body, body));
        EXPECT_EQ(peer.connections, 2) << "once, on a fresh connection";
        finish();
        peers.clear();
        resolver.mxs.clear();
    }
}

TEST_F(DeliveryTest, AConnectionCarriesNoMoreThanThePeerAnnounced)
{
    PeerScript script;
    script.extensions = {"PIPELINING", "LIMITS MAILMAX=2 RCPTMAX=1"};
    auto& peer = peer_for("other.test", script);
    const auto report =
        deliver(grant_for({make_message({"b@other.test", "c@other.test"}),
                           make_message({"d@other.test"}), make_message({"e@other.test"})}));
    EXPECT_EQ(report.delivered, 3U);
    EXPECT_EQ(peer.messages.size(), 4U) << "a transaction for each recipient";
    EXPECT_EQ(peer.connections, 2);
}

TEST_F(DeliveryTest, LmtpHasAReplyPerRecipientAndItsOwnPort)
{
    PeerScript script;
    script.lmtp = true;
    script.extensions = {"PIPELINING", "8BITMIME"};
    peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, script));
    auto host = host_of(*peers[0]);
    host.protocol = objects::HostProtocol::Lmtp;
    next_hop_for("other.test", {host});
    auto message = make_message({"b@other.test", "c@other.test"});
    auto envelope = std::make_shared<mail::Envelope>(*message->envelope);
    envelope->recipients[0].notify = mail::kNotifySuccess;
    message->envelope = envelope;
    EXPECT_EQ(deliver(message).delivered, 1U);
    EXPECT_EQ(peers[0]->commands.at(0), "LHLO us.test");
    EXPECT_EQ(metrics.value(metrics::Metric::AttemptsDelivered), 2);
    ASSERT_EQ(log.notices.size(), 1U);
    EXPECT_EQ(log.notices[0].kind, "delivered");
}

TEST_F(DeliveryTest, SuccessIsOursToTellWhereThePeerLacksDsn)
{
    PeerScript script;
    script.extensions = {"PIPELINING"};
    auto& peer = peer_for("other.test", script);
    const auto message = [&] {
        auto made = make_message({"b@other.test"});
        auto envelope = std::make_shared<mail::Envelope>(*made->envelope);
        envelope->recipients[0].notify = mail::kNotifySuccess;
        made->envelope = envelope;
        return made;
    };
    deliver(message());
    EXPECT_EQ(peer.commands.at(2), "RCPT TO:<b@other.test>");
    ASSERT_EQ(log.notices.size(), 1U);
    EXPECT_EQ(log.notices[0].kind, "relayed");
}

TEST_F(DeliveryTest, ALargeBodyIsStreamedFromItsFile)
{
    auto& peer = peer_for("other.test", {});
    std::string body = "Subject: large\r\n\r\n";
    while (body.size() < 700'000) body += ".a line that begins with a dot and goes on\r\n";
    auto message = make_message({"b@other.test"}, body);
    message->body.in_file = true;
    message->body.bytes = {};
    spool.files[message->body.id] = body;
    EXPECT_EQ(deliver(message).delivered, 1U);
    ASSERT_EQ(peer.messages.size(), 1U);
    EXPECT_EQ(peer.messages[0], body);

    // A file that lacks its end never becomes a whole message.
    auto torn = make_message({"b@other.test"}, body);
    torn->body.in_file = true;
    torn->body.bytes = {};
    spool.files[torn->body.id] = body.substr(0, 300'000);
    EXPECT_EQ(deliver(torn).deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::SpoolReadFailed);
    EXPECT_EQ(peer.messages.size(), 1U);
}

TEST_F(DeliveryTest, EightBitTextIsConvertedForAPeerWithout8BitMime)
{
    PeerScript script;
    script.extensions = {"PIPELINING", "CHUNKING"};
    auto& peer = peer_for("other.test", script);
    const auto eight_bit = [&](std::string body, bool in_file) {
        auto message = make_message({"b@other.test"}, body);
        auto envelope = std::make_shared<mail::Envelope>(*message->envelope);
        envelope->body_type = mail::BodyType::EightBitMime;
        message->envelope = envelope;
        if (in_file) {
            spool.files[message->body.id] = body;
            message->body.in_file = true;
            message->body.bytes = {};
        }
        return message;
    };
    const std::string text = "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n\xe4\r\n";
    const std::string expected =
        "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n=E4\r\n";
    EXPECT_EQ(deliver(eight_bit(text, false)).delivered, 1U);
    EXPECT_EQ(deliver(eight_bit(text, true)).delivered, 1U);
    EXPECT_THAT(peer.messages, ElementsAre(expected, expected));
    // What is signed is not touched: it goes back.
    const auto report = deliver(eight_bit(
        "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n\xe4\r\n--b--\r\n", false));
    EXPECT_EQ(report.failed, 1U);
    EXPECT_EQ(outcome().enhanced.format(), "5.6.3");
}

TEST_F(DeliveryTest, ARefusalWhileTheMessageArrivesIsTheOutcome)
{
    PeerScript script;
    script.replies["DATA"] = "552 5.3.4 too big";
    peer_for("other.test", script);
    EXPECT_EQ(deliver(make_message({"b@other.test"})).failed, 1U);
    EXPECT_EQ(outcome().reason, Reason::DataRefused);
}

TEST_F(DeliveryTest, AMessageThatIsNotInMemoryIsLoaded)
{
    auto& peer = peer_for("other.test", {});
    auto message = make_message({"b@other.test"});
    spool.stored[message->id] = message;
    auto grant = grant_for({message});
    grant.messages[0].resident = nullptr;
    auto gone = make_message({"c@other.test"});
    grant.messages.push_back({{gone->id, 1, WallTime::max()}, nullptr});
    const auto report = deliver(std::move(grant));
    EXPECT_EQ(report.delivered, 1U);
    EXPECT_TRUE(report.untouched.empty()) << "what is gone needs nothing more";
    EXPECT_THAT(report.gone, ElementsAre(gone->id)) << "but the queue is told";
    EXPECT_EQ(peer.messages.size(), 1U);
}

TEST_F(DeliveryTest, RecipientsWhoseRouteHasChangedTravelOnInAMessageOfTheirOwn)
{
    auto& peer = peer_for("other.test", {});
    auto message = make_message({"b@other.test", "c@moved.test", "d@moved.test"});
    EXPECT_EQ(deliver(message).delivered, 1U);
    EXPECT_EQ(peer.messages.size(), 1U);
    const auto& change = spool.changes.at(0);
    EXPECT_EQ(change.kind, spool::Change::Kind::Finished);
    ASSERT_EQ(change.new_messages.size(), 1U);
    const auto& split = *change.new_messages[0];
    EXPECT_NE(split.id, message->id);
    EXPECT_EQ(split.body.id, message->body.id);
    EXPECT_EQ(split.envelope->accepted_as, message->id);
    EXPECT_EQ(split.envelope->recipients.size(), 2U);
}

TEST_F(DeliveryTest, AMessageThatGoesAnotherWayAsAWholeKeepsItsIdAndCountsNoAttempt)
{
    auto& peer = peer_for("other.test", {});
    auto granted = grant_for({make_message({"b@other.test"})});
    auto message = make_message({"c@moved.test", "d@moved.test"});
    granted.messages.push_back({{message->id, 1, WallTime::max()}, message});
    EXPECT_EQ(deliver(std::move(granted)).delivered, 1U);
    EXPECT_EQ(peer.messages.size(), 1U);
    const auto& change = spool.changes.at(1);
    EXPECT_EQ(change.lease.id, message->id);
    EXPECT_EQ(change.kind, spool::Change::Kind::Deferred);
    EXPECT_TRUE(change.new_messages.empty());
    EXPECT_EQ(change.state.attempts, 0U);
    EXPECT_TRUE(change.state.finished.empty());
    EXPECT_EQ(log.attempts.size(), 1U);
}

TEST_F(DeliveryTest, AGrantToSettleMakesNoConnection)
{
    auto& peer = peer_for("other.test", {});
    auto grant = grant_for({make_message({"b@other.test"})});
    facts::Outcome failure;
    failure.reason = Reason::ConnectRefused;
    failure.enhanced = {4, 4, 316};
    grant.settle = failure;
    const auto report = deliver(std::move(grant));
    EXPECT_EQ(report.deferred, 1U);
    EXPECT_FALSE(report.destination_failure);
    EXPECT_EQ(peer.connections, 0);
    EXPECT_EQ(spool.changes.at(0).state.last_reason, "connect.refused");
}

TEST_F(DeliveryTest, ALostConnectionPutsOffTheMessageAndSlowsDown)
{
    PeerScript script;
    script.replies["RCPT"] = "close";
    peer_for("other.test", script);
    const auto report =
        deliver(grant_for({make_message({"b@other.test"}), make_message({"c@other.test"}),
                           make_message({"d@other.test"})}));
    EXPECT_EQ(report.deferred, 2U);
    EXPECT_EQ(report.untouched.size(), 1U);
    EXPECT_TRUE(report.slow_down);
    EXPECT_EQ(outcome().reason, Reason::ConnectionClosed);
    EXPECT_EQ(outcome().stage, Stage::Rcpt);
}

TEST_F(DeliveryTest, WhoHadNoTurnDoesNotInheritWhatTheServerSaidOfAnother)
{
    PeerScript script;
    script.replies["RCPT TO:<r99@"] = "550 5.1.1 no such user";
    script.replies["."] = "close";
    peer_for("other.test", script);
    std::vector<std::string> recipients;
    for (int i = 0; i < 102; ++i) recipients.push_back("r" + std::to_string(i) + "@other.test");
    deliver(make_message(recipients));
    ASSERT_EQ(log.attempts.at(0).parts.size(), 102U);
    EXPECT_EQ(outcome(99).result, OutcomeClass::Failed);
    for (const std::size_t untried : {100U, 101U}) {
        EXPECT_EQ(outcome(untried).result, OutcomeClass::Deferred);
        EXPECT_EQ(outcome(untried).origin, facts::Origin::Local);
        EXPECT_EQ(outcome(untried).reason, Reason::ConnectionClosed);
    }
    EXPECT_EQ(spool.changes.at(0).kind, spool::Change::Kind::Deferred);
    EXPECT_THAT(spool.changes[0].state.finished, ElementsAre(99U));
}

TEST_F(DeliveryTest, ANextHopOfOursThatRefusesTheSessionIsRepairedWhileTheMailWaits)
{
    PeerScript closed;
    closed.greeting = "554 5.3.2 no service";
    PeerScript mute;
    mute.replies["EHLO"] = mute.replies["HELO"] = "550 5.7.1 you are not listed";
    for (const auto& script : {closed, mute}) {
        if (service) finish();
        peers.clear();
        contents.outbound_connectors.clear();
        peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, script));
        next_hop_for("other.test", {host_of(*peers[0])});
        const auto report = deliver(make_message({"b@other.test"}));
        EXPECT_EQ(report.deferred, 1U);
        EXPECT_TRUE(report.destination_failure) << "it backs off";
        EXPECT_EQ(outcome().origin, facts::Origin::Remote);
        EXPECT_EQ(outcome().enhanced.status_class, 4);
        EXPECT_GE(outcome().code, 550) << "the peer's words stay";
    }
    // What a domain's own MX says of itself is an answer.
    finish();
    peers.clear();
    peer_for("mx.test", closed);
    EXPECT_EQ(deliver(make_message({"b@mx.test"})).failed, 1U);
    EXPECT_EQ(outcome().enhanced.format(), "5.3.2");
}

TEST_F(DeliveryTest, AConfiguredHostWithoutAddressIsOurMistakeAndWaits)
{
    objects::NextHopHost host;
    host.host = "relay.sender.test";
    next_hop_for("other.test", {host});
    EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::DnsNoAddress);
    EXPECT_EQ(outcome().enhanced.format(), "4.4.312");
}

TEST_F(DeliveryTest, ARouteThatIsNotUnderstoodMakesItsMailWait)
{
    next_hop_for("other.test", {});  // no validated configuration has one without hosts
    const auto report = deliver(make_message({"b@other.test"}));
    EXPECT_EQ(report.deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::RouteUnknownKey);
    EXPECT_EQ(outcome().stage, Stage::Route);
    ASSERT_TRUE(report.destination_failure) << "it backs off";
}

TEST_F(DeliveryTest, AMistakeOfOursIsToldAndTheNextMailGoes)
{
    auto& peer = peer_for("other.test", {});
    begin();
    resolver.throws = true;
    give(grant_for({make_message({"b@other.test"})}));
    turn_until([&] { return !reports.reports.empty(); });
    EXPECT_THAT(log.events, ElementsAre("delivery.escaped what=the resolver broke"));
    log.events.clear();
    // The queue gives it out again, once the destination has backed off.
    const auto broken = std::exchange(reports.reports, {}).at(0);
    EXPECT_EQ(broken.untouched.size(), 1U);
    ASSERT_TRUE(broken.destination_failure);
    EXPECT_EQ(broken.destination_failure->reason, Reason::DeliveryEscaped);
    resolver.throws = false;
    EXPECT_EQ(deliver(make_message({"c@other.test"})).delivered, 1U);
    EXPECT_EQ(peer.messages.size(), 1U);
}

}  // namespace
}  // namespace hermetic::delivery
