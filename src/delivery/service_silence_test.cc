// The service and peers that are silent: the queue is told, and ends them. Which it ends:
// queue/silent_share.h.
#include "delivery/service_fixture.h"
#include "facts/reasons.h"

#include <gtest/gtest.h>

#include <tuple>
#include <utility>

namespace hermetic::delivery {
namespace {

using facts::Reason;

TEST_F(DeliveryTest, APeerThatIsSilentGivesWayAndNothingIsSentInClearForIt)
{
    auto& peer = peer_for("far.test", {});
    peer.script_.silent_on = "EHLO";
    begin();
    give(grant_for({make_message({"b@far.test"})}));
    turn_until([&] { return !reports.peers.empty(); });
    EXPECT_EQ(reports.peers[0].grant, 1U);
    EXPECT_EQ(reports.peers[0].peer, queue::Peer::Silent);
    service->end({1, 77});
    turn_until([&] { return !reports.reports.empty(); });
    ASSERT_TRUE(reports.reports[0].destination_failure);
    EXPECT_EQ(reports.reports[0].destination_failure->reason, Reason::ConnectionGaveWay);
    EXPECT_EQ(outcome().reason, Reason::ConnectionGaveWay);
    EXPECT_EQ(outcome().stage, facts::Stage::Ehlo);
    EXPECT_EQ(outcome().result, facts::OutcomeClass::Deferred);
    EXPECT_EQ(peer.connections, 1) << "nor is it tried again at once";
}

TEST_F(DeliveryTest, APeerThatHasTheWholeMessageIsWaitedFor)
{
    auto& peer = peer_for("far.test", {});
    peer.script_.silent_on = ".";
    begin();
    give(grant_for({make_message({"b@far.test"})}));
    turn_until([&] { return !reports.peers.empty(); });
    EXPECT_EQ(reports.peers[0].peer, queue::Peer::SilentAfterDot);
    service->end({1});
    peer.go_on();
    turn_until([&] { return !reports.reports.empty(); });
    EXPECT_FALSE(reports.reports[0].destination_failure);
    EXPECT_EQ(outcome().result, facts::OutcomeClass::Delivered);
}

// Lines that end no reply are no words: whoever drips them is as silent as who says nothing.
class DrippingPeer : public DeliveryTest,
                     public testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(DrippingPeer, IsSilent)
{
    auto& peer = peer_for("far.test", {});
    std::tie(peer.script_.silent_on, peer.script_.drip) = GetParam();
    const bool after_dot = peer.script_.silent_on == ".";
    begin();
    give(grant_for({make_message({"b@far.test"})}));
    turn_until([&] { return !reports.peers.empty() || !reports.reports.empty(); });
    ASSERT_FALSE(reports.peers.empty());
    EXPECT_EQ(reports.peers[0].peer, after_dot ? queue::Peer::SilentAfterDot : queue::Peer::Silent);
    service->end({1});
    if (after_dot) peer.go_on();
    turn_until([&] { return !reports.reports.empty(); });
    EXPECT_EQ(outcome().reason, after_dot ? Reason::DoneAccepted : Reason::ConnectionGaveWay);
    EXPECT_EQ(reports.reports[0].answered, after_dot);
}

INSTANTIATE_TEST_SUITE_P(Stages, DrippingPeer,
                         testing::Values(std::pair{"GREETING", "220-wait"},
                                         std::pair{"EHLO", "250-more"},
                                         std::pair{"RCPT", "250-more"},
                                         std::pair{".", "250-more"}));

TEST_F(DeliveryTest, ASilentPeerThatSpeaksInTimeIsNotEnded)
{
    auto& peer = peer_for("far.test", {});
    peer.script_.silent_on = "MAIL";
    begin();
    give(grant_for({make_message({"b@far.test"})}));
    turn_until([&] { return !reports.peers.empty(); });
    EXPECT_EQ(reports.peers[0].peer, queue::Peer::Silent);
    peer.go_on();
    turn_until([&] { return !reports.reports.empty(); });
    service->end({1});
    EXPECT_EQ(outcome().result, facts::OutcomeClass::Delivered);
}

}  // namespace
}  // namespace hermetic::delivery
