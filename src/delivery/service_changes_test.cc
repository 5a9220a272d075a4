// What changes while a grant is under way counts for the next MAIL, on kept connections too
// (specification §4.5).
#include "delivery/dane_fixture.h"
#include "delivery/service.h"
#include "facts/reasons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::delivery {
namespace {

using facts::Reason;
using testing::ElementsAre;
using testing::IsEmpty;

class ChangesTest : public DaneTest {
protected:
    // other.test: a server with a certificate for its MX host, or without TLS.
    ScriptedPeer& peer_with_tls()
    {
        return peer_for("other.test", with_certificate({.name = "leaf"}));
    }
    objects::TlsSettings& connector()
    {
        if (contents.outbound_connectors.empty()) connect_by({});
        return contents.outbound_connectors.front().tls;
    }

    // Two messages in one grant; `change` happens when the peer has the first.
    template <typename Change>
    dispatch::GrantReport deliver_two(ScriptedPeer& peer, Change change)
    {
        return deliver_around(
            grant_for({make_message({"b@other.test"}), make_message({"c@other.test"})}),
            [&] { return !peer.messages.empty(); }, change);
    }
    template <typename Condition, typename Change>
    dispatch::GrantReport deliver_around(dispatch::Grant grant, Condition condition, Change change)
    {
        begin();
        give(std::move(grant));
        turn_until(condition);
        change();
        turn_until([&] { return !reports.reports.empty(); });
        return reports.reports.back();
    }
    void take_objects()
    {
        service->set_snapshot(std::make_shared<const objects::Snapshot>(contents));
    }
    void take_settings()
    {
        service->set_settings(std::make_shared<const outbound::DeliverySettings>(settings));
    }
};

TEST_F(ChangesTest, AConnectorThatRequiresTlsNowGetsNothingMoreInClear)
{
    connector().level = objects::TlsLevel::Opportunistic;
    auto& peer = peer_for("other.test", {});
    const auto report = deliver_two(peer, [&] {
        connector().level = objects::TlsLevel::Encrypt;
        take_objects();
    });
    EXPECT_EQ(report.delivered, 1U);
    EXPECT_EQ(report.deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::StarttlsNotOffered);
    EXPECT_THAT(peer.in_tls, ElementsAre(false));
}

TEST_F(ChangesTest, AnotherNameIsAskedOfAKeptConnection)
{
    connector().level = objects::TlsLevel::VerifyName;
    connector().names = {*objects::TlsName::parse("mx.other.test")};
    auto& peer = peer_with_tls();
    const auto report = deliver_two(peer, [&] {
        connector().names = {*objects::TlsName::parse("bank.test")};
        take_objects();
    });
    EXPECT_EQ(report.delivered, 1U);
    EXPECT_EQ(outcome().reason, Reason::TlsNameMismatch);
    EXPECT_THAT(peer.messages, testing::SizeIs(1));
}

TEST_F(ChangesTest, AWeakerPolicyIsTakenUpToo)
{
    connector().level = objects::TlsLevel::Encrypt;
    auto& peer = peer_for("other.test", {});
    const auto second = make_message({"c@other.test"});
    auto grant = grant_for({make_message({"b@other.test"}), second});
    spool.stored[second->id] = second;
    grant.messages[1].resident.reset();  // it is read meanwhile
    const auto report = deliver_around(
        std::move(grant), [&] { return !log.attempts.empty(); },
        [&] {
            connector().level = objects::TlsLevel::Opportunistic;
            take_objects();
        });
    EXPECT_EQ(report.deferred, 1U);
    EXPECT_EQ(report.delivered, 1U);
    EXPECT_FALSE(report.destination_failure);
    EXPECT_THAT(peer.in_tls, ElementsAre(false));
}

TEST_F(ChangesTest, TheCommentOfAConnectorChangesNoConnection)
{
    connector().level = objects::TlsLevel::VerifyName;
    connector().names = {*objects::TlsName::parse("mx.other.test")};
    auto& peer = peer_with_tls();
    const auto report = deliver_two(peer, [&] {
        contents.outbound_connectors.front().comment = "ours";
        take_objects();
    });
    EXPECT_EQ(report.delivered, 2U);
    EXPECT_EQ(peer.connections, 1);
}

TEST_F(ChangesTest, MailThatGoesAnotherWayNowIsNotSentThisWay)
{
    connector().level = objects::TlsLevel::Opportunistic;
    auto& peer = peer_for("other.test", {});
    const auto report = deliver_two(peer, [&] {
        contents.outbound_connectors.clear();
        take_objects();
    });
    EXPECT_EQ(report.delivered, 1U);
    EXPECT_THAT(peer.messages, testing::SizeIs(1));
    ASSERT_EQ(spool.changes.size(), 2U);
    EXPECT_EQ(spool.changes[1].kind, spool::Change::Kind::Deferred);
    EXPECT_EQ(spool.changes[1].state.attempts, 0U) << "it was no attempt";
}

TEST_F(ChangesTest, CasThatChangedAreAskedOfAKeptConnection)
{
    connector().level = objects::TlsLevel::VerifyCa;
    auto& peer = peer_with_tls();
    tls::PkiFixture other;
    const auto report = deliver_two(peer, [&] {
        settings.cas = *tls::load_cas(other.root_file());
        take_settings();
    });
    EXPECT_EQ(report.delivered, 1U);
    EXPECT_EQ(outcome().reason, Reason::TlsUnknownCa);
}

TEST_F(ChangesTest, AnExceptionThatEndsCountsNoMore)
{
    contents.organizations[0].tls = objects::TlsLevel::Encrypt;
    auto& exception = connector().exception.emplace();
    exception.level = objects::TlsLevel::Opportunistic;
    exception.valid_until = fixture.clock.wall() + std::chrono::minutes{10};
    auto& peer = peer_for("other.test", {});
    const auto report = deliver_two(peer, [&] { fixture.clock.shift += std::chrono::minutes{11}; });
    EXPECT_EQ(report.delivered, 1U);
    EXPECT_EQ(outcome().reason, Reason::StarttlsNotOffered);
    EXPECT_THAT(peer.in_tls, ElementsAre(false));
}

// Whether a connection still holds is asked once in a second of the wall clock.
TEST_F(ChangesTest, AnExceptionEndsInTheSecondThatItNames)
{
    contents.organizations[0].tls = objects::TlsLevel::Encrypt;
    auto& exception = connector().exception.emplace();
    exception.level = objects::TlsLevel::Opportunistic;
    const auto second = std::chrono::floor<std::chrono::seconds>(fixture.clock.wall());
    exception.valid_until = second + std::chrono::minutes{10};
    auto& peer = peer_for("other.test", {});
    const auto report = deliver_two(
        peer, [&] { fixture.clock.shift += *exception.valid_until - fixture.clock.wall(); });
    EXPECT_EQ(report.delivered, 1U);
    EXPECT_THAT(peer.in_tls, ElementsAre(false));
}

TEST_F(ChangesTest, NewTlsaRecordsCount)
{
    auto script = with_certificate({.name = "leaf"});
    auto& peer = secure_peer(std::move(script), {record({3, 1, 1})});
    const auto report = deliver_two(peer, [&] {
        facts::TlsaRecord other = record({3, 1, 1});
        other.data[0] = static_cast<char>(other.data[0] ^ 1);
        publish("mx.other.test", {other});
        fixture.clock.shift += std::chrono::seconds{2};
    });
    EXPECT_EQ(report.delivered, 1U);
    EXPECT_EQ(outcome().reason, Reason::DaneTlsaMismatch);
}

TEST_F(ChangesTest, WhatChangesBeforeTheGreetingCounts)
{
    connector().level = objects::TlsLevel::Opportunistic;
    auto& peer = peer_for("other.test", {});
    const auto report = deliver_around(
        grant_for({make_message({"b@other.test"})}), [&] { return peer.connections == 1; },
        [&] {
            connector().level = objects::TlsLevel::Encrypt;
            take_objects();
        });
    EXPECT_EQ(report.deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::StarttlsNotOffered);
    EXPECT_THAT(peer.messages, IsEmpty());
}

// A connection that was opened, and whose place a kept one takes: it has carried nothing.
TEST_F(ChangesTest, TheStepOfAConnectionThatIsNotUsedIsNoneOfTheAttempt)
{
    connector().level = objects::TlsLevel::Encrypt;
    auto& peer = peer_with_tls();
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
    ASSERT_EQ(service->idle_connections(), 1U);
    ASSERT_EQ(log.attempts.back().steps.size(), 1U);
    connector().level = objects::TlsLevel::VerifyCa;
    take_objects();
    peer.script_.silent_on = "EHLO";
    give(grant_for({make_message({"c@other.test"})}));
    turn_until([&] { return peer.connections == 2; });
    connector().level = objects::TlsLevel::Encrypt;
    take_objects();
    peer.go_on();
    turn_until([&] { return reports.reports.size() == 2; });
    EXPECT_EQ(reports.reports.back().delivered, 1U);
    EXPECT_TRUE(log.attempts.back().reused);
    EXPECT_THAT(log.attempts.back().steps, IsEmpty());
    ASSERT_EQ(service->idle_connections(), 2U);

    // It is told with the first message that it carries.
    connector().level = objects::TlsLevel::VerifyCa;
    take_objects();
    EXPECT_EQ(deliver(make_message({"d@other.test"})).delivered, 1U);
    EXPECT_FALSE(log.attempts.back().reused);
    ASSERT_EQ(log.attempts.back().steps.size(), 1U);
    EXPECT_EQ(log.attempts.back().steps[0].kind, facts::AttemptStep::Kind::Everything);
    EXPECT_EQ(peer.connections, 2);
}

// The host may offer STARTTLS by the next message.
TEST_F(ChangesTest, AConnectionInClearIsNotKeptWhereTlsIsWanted)
{
    auto& peer = peer_for("other.test", {});
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
    EXPECT_EQ(service->idle_connections(), 0U);
    peer.script_.tls = with_certificate({.name = "leaf"}).tls;
    EXPECT_EQ(deliver(make_message({"c@other.test"})).delivered, 1U);
    EXPECT_THAT(peer.in_tls, ElementsAre(false, true));
}

}  // namespace
}  // namespace hermetic::delivery
