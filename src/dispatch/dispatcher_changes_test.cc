// Operators' changes and splits: what others do meanwhile, and what is on disk at any moment.
#include "dispatch/dispatcher_fixture.h"

namespace hermetic::dispatch {
namespace {

using namespace dispatcher_fixture;

class SplitTest : public DispatcherTest {
protected:
    // Message 1 is deferred, until the time returned, when its recipients come to have two routes:
    // its split waits for the disk.
    WallTime begin_split()
    {
        start(snapshot("*"));
        spool::MessageState later;
        later.next_attempt = clock_.wall() + hours{1};
        spool_.store({make(1, {"b@far.example", "c@other.example"}, later)});
        (void)list();
        spool_.slow = true;
        reload(snapshot("far.example"));
        spool_.wait_for(1);
        return later.next_attempt;
    }
};

// Its time comes while the approval is being recorded: the attempt must not be made without it.
TEST_F(DispatcherTest, WhatBecomesDueWhileItsApprovalIsRecordedIsTriedWithIt)
{
    start_deferred(minutes{1});
    spool_.slow = true;
    const spool::Approval approval{"operator", "ticket 12", clock_.wall()};
    auto answer = begin_change(1, asked(approval));
    spool_.wait_for(1);
    clock_.advance(minutes{2});
    (void)list();
    EXPECT_TRUE(taker_.none()) << "it is reserved";
    spool_.catch_up();
    EXPECT_EQ(answer.get().kind, Kind::Done);
    EXPECT_EQ(taker_.next().messages.at(0).approval, approval);
}

TEST_F(DispatcherTest, OneChangeOfAMessageAtATime)
{
    start_deferred(hours{1});
    spool_.slow = true;
    auto answer = begin_change(1, asked(MessageChange::Kind::Hold));
    spool_.wait_for(1);
    EXPECT_EQ(remove(1, TellSender::No).kind, Kind::Refused);
    EXPECT_FALSE(spool_.messages().at(id(1))->state.held) << "nothing is answered before it is so";
    spool_.catch_up();
    EXPECT_EQ(answer.get().kind, Kind::Done);
    EXPECT_TRUE(spool_.messages().at(id(1))->state.held);
    EXPECT_EQ(remove(1, TellSender::No).kind, Kind::Done);
}

TEST_F(DispatcherTest, TheLaterOfTwoRequestsForMailUnderWayCounts)
{
    const Grant grant = start_under_way();
    EXPECT_EQ(hold(1).kind, Kind::AfterAttempt);
    EXPECT_EQ(remove(1, TellSender::No).kind, Kind::AfterAttempt);
    defer(grant, hours{1});
    while (!list().rows.empty()) {
    }
    EXPECT_TRUE(spool_.messages().empty());
    EXPECT_EQ(log_.last_event(), "queue.remove");
}

TEST_F(DispatcherTest, ARemovalThatWasPromisedStands)
{
    const Grant grant = start_under_way();
    EXPECT_EQ(remove(1, TellSender::No).kind, Kind::AfterAttempt);
    const OperatorAnswer refused = hold(1);
    EXPECT_EQ(refused.kind, Kind::Refused);
    EXPECT_NE(refused.words.find("will be removed"), std::string::npos) << refused.words;
    defer(grant, hours{1});
    while (!list().rows.empty()) {
    }
    EXPECT_TRUE(spool_.messages().empty());
}

TEST_F(DispatcherTest, AHoldThatWaitsForAnAttemptIsWithdrawnByARelease)
{
    const Grant grant = start_under_way();
    EXPECT_EQ(hold(1).kind, Kind::AfterAttempt);
    EXPECT_EQ(release(1).kind, Kind::Done);
    EXPECT_EQ(release(1).kind, Kind::Refused) << "nothing is left to take back";
    defer(grant, hours{1});
    while (state(1) != queue::State::Deferred) {
    }
    EXPECT_FALSE(spool_.messages().at(id(1))->state.held);
}

TEST_F(DispatcherTest, ARequestOutlivesADiskThatFailsWhenTheAttemptEnds)
{
    const Grant grant = start_under_way();
    EXPECT_EQ(hold(1).kind, Kind::AfterAttempt);
    spool_.disk_fails = true;
    defer(grant, hours{1});
    (void)list();
    spool_.disk_fails = false;
    while (!spool_.messages().at(id(1))->state.held) (void)list();
}

// The request failed: the message stays as the attempt has left it, not held.
TEST_F(DispatcherTest, ARequestThatCannotBeRecordedLeavesWhatTheAttemptRecorded)
{
    const Grant grant = start_under_way();
    EXPECT_EQ(hold(1).kind, Kind::AfterAttempt);
    spool_.slow = true;
    defer(grant, hours{1});
    spool_.wait_for(1);
    spool_.failing = true;
    spool_.catch_up();
    while (state(1) != queue::State::Deferred) {
    }
    EXPECT_EQ(show(id(1)).row->attempts, 1U);
    EXPECT_EQ(show(id(1)).row->reason, "connect.refused");
}

TEST_F(SplitTest, APartThatGoesAnotherWayIsTriedAtOnceAndOnce)
{
    const WallTime later = begin_split();
    (void)list();
    EXPECT_EQ(hold(1).kind, Kind::Refused) << "it is being split";
    EXPECT_EQ(spool_.messages().size(), 1U) << "the whole message, until all parts are on disk";
    spool_.catch_up();
    const Grant grant = taker_.next();
    EXPECT_EQ(grant.route->label, "mx:other.example") << "which another host was to take";
    EXPECT_EQ(spool_.messages().at(grant.messages.at(0).lease.id)->state.next_attempt, later)
        << "an attempt ahead of its time, which does not count";
    (void)list();
    EXPECT_TRUE(taker_.none()) << "the other part's way is the old one";
    EXPECT_EQ(spool_.messages().size(), 2U);
}

TEST_F(SplitTest, ASplitThatTheDiskRefusesIsMadeLater)
{
    (void)begin_split();
    spool_.failing = true;
    spool_.catch_up();
    EXPECT_EQ(state(1), queue::State::Deferred);
    EXPECT_EQ(spool_.messages().size(), 1U);
    spool_.failing = false;
    clock_.advance(seconds{6});
    while (list().rows.size() != 2) {
    }
    EXPECT_EQ(spool_.messages().size(), 2U);
}

// What the spool was asked for before the stop is answered as the spool answers it.
TEST_F(DispatcherTest, AChangeUnderWayAtTheStopIsAnsweredByTheSpoolsClose)
{
    start_deferred(hours{1});
    spool_.slow = true;
    auto answer = begin_change(1, asked(MessageChange::Kind::Hold));
    spool_.wait_for(1);
    dispatcher_.stop();
    EXPECT_EQ(answer.wait_for(seconds{0}), std::future_status::timeout);
    spool_.close();
    EXPECT_EQ(answer.get().kind, Kind::Done);
    EXPECT_TRUE(spool_.messages().at(id(1))->state.held);
}

TEST_F(DispatcherTest, ARequestThatWaitsForAnAttemptEndsWithTheStop)
{
    (void)start_under_way();
    EXPECT_EQ(hold(1).kind, Kind::AfterAttempt);
    dispatcher_.stop();
    EXPECT_FALSE(spool_.messages().at(id(1))->state.held);
}

}  // namespace
}  // namespace hermetic::dispatch
