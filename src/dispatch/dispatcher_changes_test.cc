// Operators' changes and splits: what others do meanwhile, and what is on disk at any moment.
#include "dispatch/dispatcher_fixture.h"

namespace hermetic::dispatch {
namespace {

using namespace dispatcher_fixture;

// Its time comes while the approval is being recorded: the attempt must not be made without it.
TEST_F(DispatcherTest, WhatBecomesDueWhileItsApprovalIsRecordedIsTriedWithIt)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    defer(taker_.next(), minutes{1});
    (void)list();
    spool_.slow = true;
    const spool::Approval approval{"operator", "ticket 12", clock_.wall()};
    std::promise<OperatorAnswer> answered;
    dispatcher_.change(id(1), asked(approval),
                       [&](OperatorAnswer answer) { answered.set_value(std::move(answer)); });
    spool_.wait_for(1);
    clock_.advance(minutes{2});
    (void)list();
    EXPECT_TRUE(taker_.none()) << "it is reserved";
    spool_.catch_up();
    EXPECT_EQ(answered.get_future().get().kind, Kind::Done);
    EXPECT_EQ(taker_.next().messages.at(0).approval, approval);
}

TEST_F(DispatcherTest, OneChangeOfAMessageAtATime)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    defer(taker_.next(), hours{1});
    (void)list();
    spool_.slow = true;
    std::promise<OperatorAnswer> answered;
    dispatcher_.change(id(1), asked(MessageChange::Kind::Hold),
                       [&](OperatorAnswer answer) { answered.set_value(std::move(answer)); });
    spool_.wait_for(1);
    EXPECT_EQ(remove(1, TellSender::No).kind, Kind::Refused);
    EXPECT_FALSE(spool_.messages().at(id(1))->state.held) << "nothing is answered before it is so";
    spool_.catch_up();
    EXPECT_EQ(answered.get_future().get().kind, Kind::Done);
    EXPECT_TRUE(spool_.messages().at(id(1))->state.held);
    EXPECT_EQ(remove(1, TellSender::No).kind, Kind::Done);
}

TEST_F(DispatcherTest, TheLaterOfTwoRequestsForMailUnderWayCounts)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    const Grant grant = taker_.next();
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
    start();
    spool_.store({make(1, {"b@far.example"})});
    const Grant grant = taker_.next();
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
    start();
    spool_.store({make(1, {"b@far.example"})});
    const Grant grant = taker_.next();
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
    start();
    spool_.store({make(1, {"b@far.example"})});
    const Grant grant = taker_.next();
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
    start();
    spool_.store({make(1, {"b@far.example"})});
    const Grant grant = taker_.next();
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

TEST_F(DispatcherTest, APartThatGoesAnotherWayIsTriedAtOnceAndOnce)
{
    start(snapshot("*"));
    spool::MessageState later;
    later.next_attempt = clock_.wall() + hours{1};
    spool_.store({make(1, {"b@far.example", "c@other.example"}, later)});
    (void)list();
    spool_.slow = true;
    reload(snapshot("far.example"));
    spool_.wait_for(1);
    (void)list();
    EXPECT_EQ(hold(1).kind, Kind::Refused) << "it is being split";
    EXPECT_EQ(spool_.messages().size(), 1U) << "the whole message, until all parts are on disk";
    spool_.catch_up();
    const Grant grant = taker_.next();
    EXPECT_EQ(grant.route->label, "mx:other.example") << "which another host was to take";
    EXPECT_EQ(spool_.messages().at(grant.messages.at(0).lease.id)->state.next_attempt,
              later.next_attempt)
        << "an attempt ahead of its time, which does not count";
    (void)list();
    EXPECT_TRUE(taker_.none()) << "the other part's way is the old one";
    EXPECT_EQ(spool_.messages().size(), 2U);
}

TEST_F(DispatcherTest, ASplitThatTheDiskRefusesIsMadeLater)
{
    start(snapshot("*"));
    spool::MessageState later;
    later.next_attempt = clock_.wall() + hours{1};
    spool_.store({make(1, {"b@far.example", "c@other.example"}, later)});
    (void)list();
    spool_.slow = true;
    reload(snapshot("far.example"));
    spool_.wait_for(1);
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
    start();
    spool_.store({make(1, {"b@far.example"})});
    defer(taker_.next(), hours{1});
    (void)list();
    spool_.slow = true;
    std::promise<OperatorAnswer> answered;
    auto answer = answered.get_future();
    dispatcher_.change(id(1), asked(MessageChange::Kind::Hold),
                       [&](OperatorAnswer one) { answered.set_value(std::move(one)); });
    spool_.wait_for(1);
    dispatcher_.stop();
    EXPECT_EQ(answer.wait_for(seconds{0}), std::future_status::timeout);
    spool_.close();
    EXPECT_EQ(answer.get().kind, Kind::Done);
    EXPECT_TRUE(spool_.messages().at(id(1))->state.held);
}

TEST_F(DispatcherTest, ARequestThatWaitsForAnAttemptEndsWithTheStop)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    (void)taker_.next();
    EXPECT_EQ(hold(1).kind, Kind::AfterAttempt);
    dispatcher_.stop();
    EXPECT_FALSE(spool_.messages().at(id(1))->state.held);
}

}  // namespace
}  // namespace hermetic::dispatch
