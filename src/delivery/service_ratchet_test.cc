// The service under the ratchet, and below its policy with an operator's approval.
#include "delivery/service.h"
#include "delivery/service_fixture.h"
#include "facts/reasons.h"
#include "objects/next_hop.h"
#include "observations/observations.h"
#include "outbound/ratchet_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::delivery {
namespace {

using facts::Reason;
using objects::RatchetMode;
using std::chrono::days;
using std::chrono::hours;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class RatchetTest : public DeliveryTest {
protected:
    ScriptedPeer& clear_peer() { return peer_for("other.test", {}); }
    ScriptedPeer& peer_with_tls()
    {
        tls::ServerProfile profile;
        profile.certificates = {pki_.make("mx.other.test")};
        PeerScript script;
        script.tls = *tls::make_server_context(profile);
        return peer_for("other.test", script);
    }
    void set_mode(RatchetMode mode) { contents.organizations[0].ratchet.mode = mode; }

    // other.test has had TLS 1.3 for so many days, until now.
    void had_tls(int count)
    {
        for (int day = count; day > 0; --day) {
            observations.note_session({"Example", "other.test"},
                                      {"mx.other.test", {facts::TlsVersion::Tls13, false, true}},
                                      contents.organizations[0].ratchet,
                                      fixture.clock.wall() - days{day - 1});
        }
    }
    void observe()
    {
        service = std::make_unique<DeliveryService>(
            outbound::Adapters{fixture.core, &spool, resolver, log, metrics, &observations},
            reports, std::make_shared<const outbound::DeliverySettings>(settings),
            std::make_shared<const objects::Snapshot>(contents));
    }
    dispatch::GrantReport carry(std::shared_ptr<spool::StoredMessage> message)
    {
        const auto before = reports.reports.size();
        give(grant_for({std::move(message)}));
        turn_until([&] { return reports.reports.size() != before; });
        return reports.reports.back();
    }

    observations::Observations observations;

private:
    tls::PkiFixture pki_;
};

TEST_F(RatchetTest, EnforcedItHoldsMailThatWouldGoBelowWhatHasAlwaysBeen)
{
    auto& peer = clear_peer();
    set_mode(RatchetMode::Enforce);
    had_tls(16);
    observe();
    EXPECT_EQ(carry(make_message({"b@other.test"})).deferred, 1U);
    EXPECT_THAT(peer.messages, IsEmpty());
    EXPECT_EQ(outcome().reason, Reason::StarttlsNotOffered);
    EXPECT_THAT(outcome().fix, HasSubstr("hermetic ratchet accept other.test"));
    EXPECT_THAT(log.attempts[0].policy_reasons, Contains(Reason::RatchetHolds));
    ASSERT_EQ(log.events.size(), 1U);
    EXPECT_THAT(log.events[0],
                HasSubstr("ratchet.fell organization=Example destination=other.test"));
    EXPECT_THAT(log.events[0], HasSubstr("was=TLS, at least TLSv1.3"));
    EXPECT_THAT(log.events[0], HasSubstr("is=in clear text: STARTTLS is not offered"));
    carry(make_message({"c@other.test"}));
    EXPECT_EQ(log.events.size(), 1U) << "told once";

    observations.accept("", "other.test", fixture.clock.wall());
    EXPECT_EQ(carry(make_message({"d@other.test"})).delivered, 1U);
    EXPECT_THAT(peer.in_tls, ElementsAre(false));
}

TEST_F(RatchetTest, MailThatGoesBelowAfterTheHoldIsTold)
{
    auto& peer = clear_peer();
    set_mode(RatchetMode::Enforce);
    had_tls(16);
    observe();
    EXPECT_EQ(carry(make_message({"b@other.test"})).deferred, 1U);
    fixture.clock.shift = hours{5};
    EXPECT_EQ(carry(make_message({"c@other.test"})).delivered, 1U);
    EXPECT_THAT(peer.in_tls, ElementsAre(false));
    ASSERT_EQ(log.events.size(), 2U);
    EXPECT_THAT(log.events[1],
                HasSubstr("ratchet.gave-way organization=Example destination=other.test"));
}

TEST_F(RatchetTest, ObservedItIsToldAndGoes)
{
    auto& peer = clear_peer();
    had_tls(16);
    observe();
    EXPECT_EQ(carry(make_message({"b@other.test"})).delivered, 1U);
    EXPECT_EQ(peer.messages.size(), 1U);
    ASSERT_EQ(log.events.size(), 1U);
    EXPECT_THAT(log.events[0], HasSubstr("held_until=no"));
    EXPECT_EQ(metrics.value(metrics::Metric::RatchetFalls), 1);
}

TEST_F(RatchetTest, WhatIsAsAlwaysIsNotTold)
{
    set_mode(RatchetMode::Enforce);
    auto& peer = peer_with_tls();
    had_tls(16);
    observe();
    EXPECT_EQ(carry(make_message({"b@other.test"})).delivered, 1U);
    EXPECT_THAT(peer.in_tls, ElementsAre(true));
    EXPECT_THAT(log.events, IsEmpty());
    EXPECT_EQ(observations.destinations(fixture.clock.wall()).at(0).history.last.version,
              facts::TlsVersion::Tls13);
}

// TLS-Required: No is its sender's word about one message: the mail of others stays held.
TEST_F(RatchetTest, WhatSaysTlsRequiredNoGoesBelowAndEndsNoHold)
{
    auto& peer = clear_peer();
    set_mode(RatchetMode::Enforce);
    had_tls(16);
    observe();
    const auto lifting = [this](const char* to) {
        return wishing(make_message({to}), {.requiretls = false, .tls_required_no = true});
    };
    EXPECT_EQ(carry(lifting("a@other.test")).delivered, 1U);
    EXPECT_THAT(log.attempts[0].policy_reasons, Contains(Reason::TlsRequiredNo));
    EXPECT_THAT(log.events, IsEmpty()) << "before a fall";
    EXPECT_EQ(carry(make_message({"b@other.test"})).deferred, 1U);
    EXPECT_EQ(carry(lifting("c@other.test")).delivered, 1U);
    EXPECT_EQ(log.events.size(), 1U) << "the hold goes on";
    EXPECT_EQ(carry(make_message({"d@other.test"})).deferred, 1U);
    EXPECT_THAT(peer.in_tls, ElementsAre(false, false));
}

// Nor does it begin one, or count as a fall, where nothing is held yet.
TEST_F(RatchetTest, WhatSaysTlsRequiredNoIsNoFall)
{
    clear_peer();
    set_mode(RatchetMode::Observe);
    had_tls(16);
    observe();
    const auto lifting =
        wishing(make_message({"a@other.test"}), {.requiretls = false, .tls_required_no = true});
    EXPECT_EQ(carry(lifting).delivered, 1U);
    EXPECT_THAT(log.events, IsEmpty());
    EXPECT_EQ(carry(make_message({"b@other.test"})).delivered, 1U);
    EXPECT_EQ(log.events.size(), 1U) << "other mail that falls below tells";
}

TEST_F(RatchetTest, StarttlsGoneFromManyUnrelatedHostsIsAnAlarm)
{
    clear_peer();  // whom all of them turn out to be
    set_mode(RatchetMode::Enforce);
    std::vector<std::string> domains;
    for (int i = 0; i < 5; ++i) domains.push_back("d" + std::to_string(i) + ".test");
    for (const auto& domain : domains) {
        const std::string host = "mx." + domain;
        resolver.add_mx(domain, 10, host);
        resolver.hosts[host] = {*IpAddress::parse("127.0.0.1")};
        observations.note_session(
            {"Example", domain}, {host, {facts::TlsVersion::Tls13, false, true}},
            contents.organizations[0].ratchet, fixture.clock.wall() - days{1});
    }
    observe();
    for (const auto& domain : domains) {
        EXPECT_THAT(log.events, IsEmpty()) << "before " << domain;
        EXPECT_EQ(carry(make_message({"b@" + domain})).delivered, 1U);
    }
    ASSERT_EQ(log.events.size(), 1U);
    EXPECT_THAT(log.events[0], testing::StartsWith("ratchet.mass-stripping sites=5"));
    EXPECT_EQ(metrics.value(metrics::Metric::MassStrippings), 1);
}

std::shared_ptr<spool::StoredMessage> approve(std::shared_ptr<spool::StoredMessage> message)
{
    message->state.approval = spool::Approval{"operator", "ticket 12", {}};
    return message;
}

TEST_F(RatchetTest, AnApprovedMessageGoesBelowPolicyAndNoOther)
{
    auto& peer = clear_peer();
    contents.organizations[0].tls = objects::TlsLevel::Encrypt;
    observe();
    const auto before = reports.reports.size();
    give(grant_for({make_message({"a@other.test"}), approve(make_message({"b@other.test"})),
                    make_message({"c@other.test"})}));
    turn_until([&] { return reports.reports.size() != before; });
    EXPECT_EQ(reports.reports.back().delivered, 1U);
    EXPECT_EQ(reports.reports.back().deferred, 2U);
    EXPECT_EQ(peer.messages.size(), 1U);
    ASSERT_EQ(log.attempts.size(), 3U);
    EXPECT_THAT(log.attempts[1].policy_reasons, Contains(Reason::QueueApproved));
    EXPECT_THAT(log.attempts[2].policy_reasons, Not(Contains(Reason::QueueApproved)));
    EXPECT_THAT(log.events, IsEmpty());
    EXPECT_EQ(metrics.value(metrics::Metric::ApprovedAttempts), 1);
}

TEST_F(RatchetTest, AnApprovalIsForOneAttempt)
{
    PeerScript script;
    script.replies["RCPT"] = "451 4.7.1 greylisted";
    peer_for("other.test", script);
    contents.organizations[0].tls = objects::TlsLevel::Encrypt;
    observe();
    EXPECT_EQ(carry(approve(make_message({"b@other.test"}))).deferred, 1U);
    ASSERT_EQ(spool.changes.size(), 1U);
    EXPECT_FALSE(spool.changes[0].state.approval) << "used up";
}

TEST_F(RatchetTest, AnApprovalStaysWhileNothingIsTried)
{
    clear_peer();
    observe();
    auto grant = grant_for({approve(make_message({"b@other.test"}))});
    grant.settle = facts::Outcome{};
    grant.settle->reason = Reason::ConnectRefused;
    const auto before = reports.reports.size();
    give(std::move(grant));
    turn_until([&] { return reports.reports.size() != before; });
    ASSERT_EQ(spool.changes.size(), 1U);
    EXPECT_TRUE(spool.changes[0].state.approval);
}

// What the queue calls a destination leads to what the ratchet calls it.
TEST(RatchetDestination, IsTheSameByRouteAndByHosts)
{
    struct Row {
        routing::Route route;
        std::string_view destination;
    };
    const auto by_mx = [](std::string_view connector) {
        routing::Route route;
        route.domain = "other.test";
        route.connector = connector;
        return route;
    };
    const auto by_hosts = [](std::vector<std::string_view> hosts) {
        routing::Route route;
        for (const auto host : hosts) route.hosts.push_back(*objects::parse_next_hop_host(host));
        return route;
    };
    const Row rows[] = {
        {by_mx(""), "other.test"},
        {by_mx("bank"), "other.test"},
        {by_hosts({"smtp://relay.other.test"}), "relay.other.test"},
        {by_hosts({"smtp://[192.0.2.2]:2525", "smtp://[192.0.2.1]:2525"}), "[192.0.2.1]:2525"},
        {routing::Route{}, ""},
    };
    for (const auto& row : rows)
        EXPECT_EQ(outbound::ratchet_destination(row.route), row.destination);
}

}  // namespace
}  // namespace hermetic::delivery
