// What operators do with one message: hold, release, approve, remove, retry.
#include "dispatch/dispatcher_fixture.h"

namespace hermetic::dispatch {
namespace {

using namespace dispatcher_fixture;

TEST_F(DispatcherTest, HoldAndReleaseAreDurable)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    defer(taker_.next(), minutes{1});
    EXPECT_EQ(hold(1).kind, Kind::Done);
    EXPECT_EQ(log_.last_event(), "queue.hold");
    EXPECT_TRUE(log_.last_line().ends_with(" by=alice")) << log_.last_line();
    EXPECT_EQ(state(1), queue::State::Held);
    EXPECT_TRUE(spool_.messages()[id(1)]->state.held);
    EXPECT_EQ(spool_.messages()[id(1)]->state.last_reason, "connect.refused") << "the rest stays";
    EXPECT_EQ(metrics_.value(metrics::Metric::QueueHeld), 1);
    clock_.advance(hours{2});
    EXPECT_EQ(state(1), queue::State::Held);
    EXPECT_EQ(ask([&](auto answer) {
                  dispatcher_.change(id(1), asked(MessageChange::Kind::Retry), answer);
              }).kind,
              Kind::Refused);
    EXPECT_EQ(release(1).kind, Kind::Done);
    EXPECT_EQ(taker_.next().messages[0].lease.id, id(1));
    EXPECT_FALSE(spool_.messages()[id(1)]->state.held);
}

TEST_F(DispatcherTest, HoldOfMailUnderWayWaitsForTheAttempt)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    const Grant grant = taker_.next();
    EXPECT_EQ(hold(1).kind, Kind::AfterAttempt);
    defer(grant, Duration{});
    while (!spool_.messages()[id(1)]->state.held) (void)list();
    EXPECT_EQ(state(1), queue::State::Held);
    EXPECT_TRUE(taker_.none()) << "not even for a moment";
}

TEST_F(DispatcherTest, AnApprovalIsDurableToldAndTriedAtOnce)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    defer(taker_.next(), hours{1});
    const spool::Approval approval{"operator", "ticket 12", clock_.wall()};
    EXPECT_EQ(approve(1, approval).kind, Kind::Done);
    const Grant grant = taker_.next();
    EXPECT_EQ(grant.messages[0].lease.id, id(1));
    EXPECT_EQ(grant.messages[0].approval, approval);
    ASSERT_TRUE(spool_.messages().at(id(1))->state.approval);
    EXPECT_EQ(*spool_.messages().at(id(1))->state.approval, approval);
}

TEST_F(DispatcherTest, AnApprovalBeforeTheFirstAttemptIsThereAtIt)
{
    start();
    spool::MessageState later;
    later.next_attempt = clock_.wall() + hours{1};
    spool_.store({make(1, {"b@far.example"}, later)});
    const spool::Approval approval{"operator", "ticket 12", clock_.wall()};
    EXPECT_EQ(approve(1, approval).kind, Kind::Done);
    const Grant grant = taker_.next();
    ASSERT_EQ(grant.messages.size(), 1U);
    EXPECT_EQ(grant.messages[0].approval, approval);
}

TEST_F(DispatcherTest, AnApprovalIsForOneAttempt)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    defer(taker_.next(), hours{1});
    const spool::Approval approval{"operator", "ticket 12", clock_.wall()};
    EXPECT_EQ(approve(1, approval).kind, Kind::Done);
    EXPECT_EQ(show(id(1)).approval, approval);
    EXPECT_GE(log_.flushes, 1) << "the log has it before the answer";
    defer(taker_.next(), minutes{1});  // its state says that it was used
    EXPECT_FALSE(show(id(1)).approval);
    clock_.advance(minutes{1});
    EXPECT_FALSE(taker_.next().messages[0].approval);
}

// Whether the attempt that the crash cut short went in clear nobody knows.
TEST_F(DispatcherTest, AnApprovalFromBeforeTheStartPermitsNothing)
{
    spool::MessageState state;
    state.approval = spool::Approval{"operator", "ticket 12", clock_.wall()};
    spool_.leave_behind(make(1, {"b@far.example"}, state));
    start();
    EXPECT_FALSE(taker_.next().messages.at(0).approval);
    EXPECT_FALSE(show(id(1)).approval);
}

TEST_F(DispatcherTest, AnApprovalThatDoesNotSayWhoAndWhyIsRefused)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    defer(taker_.next(), hours{1});
    EXPECT_EQ(approve(1, {"operator", " \t ", clock_.wall()}).kind, Kind::Refused);
    EXPECT_EQ(approve(1, {"", "ticket 12", clock_.wall()}).kind, Kind::Refused);
    EXPECT_TRUE(taker_.none());
}

TEST_F(DispatcherTest, MailUnderWayIsNotApprovedBeforeTheEndOfItsAttempt)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    const Grant grant = taker_.next();
    const spool::Approval approval{"operator", "ticket 12", clock_.wall()};
    EXPECT_EQ(approve(1, approval).kind, Kind::Refused);
    defer(grant, hours{1});
    while (approve(1, approval).kind != Kind::Done) {
    }
    EXPECT_EQ(taker_.next().messages[0].approval, approval);
}

TEST_F(DispatcherTest, HeldMailIsReleasedBeforeItIsApproved)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    defer(taker_.next(), hours{1});
    EXPECT_EQ(hold(1).kind, Kind::Done);
    const spool::Approval approval{"operator", "ticket 12", clock_.wall()};
    EXPECT_EQ(approve(1, approval).kind, Kind::Refused);
    EXPECT_FALSE(spool_.messages().at(id(1))->state.approval);
}

TEST_F(DispatcherTest, RemovedMailLeavesANoticeInTheSameChange)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    defer(taker_.next(), minutes{1});
    EXPECT_EQ(remove(1, TellSender::Yes).kind, Kind::Done);
    const Grant grant = taker_.next();
    EXPECT_EQ(grant.route->label, "mx:own.example");
    const auto& notice = *grant.messages[0].resident;
    EXPECT_TRUE(notice.envelope->is_notice);
    EXPECT_EQ(notice.envelope->recipients[0].address.format(), "a@own.example");
    EXPECT_NE(notice.body.bytes.view().find("X-Hermetic-Reason: queue.removed"),
              std::string_view::npos);
    EXPECT_EQ(spool_.messages().size(), 1U) << "the notice only";
    EXPECT_EQ(log_.notices, 1);
}

TEST_F(DispatcherTest, RemovedMailMayGoSilently)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    defer(taker_.next(), minutes{1});
    EXPECT_EQ(remove(1, TellSender::No).kind, Kind::Done);
    EXPECT_TRUE(spool_.messages().empty());
    EXPECT_TRUE(list().rows.empty());
    EXPECT_EQ(remove(1, TellSender::No).kind, Kind::NotFound);
}

TEST_F(DispatcherTest, RemovedMailThatRequiredTlsIsNotQuoted)
{
    start();
    spool::MessageState state;
    state.held = true;
    state.required_tls = mail::RequiredTls{mail::TlsLevel::Encrypt, "arrival.tls-required"};
    spool_.store({make(1, {"b@far.example"}, state)});
    EXPECT_EQ(remove(1, TellSender::Yes).kind, Kind::Done);
    const auto& notice = *taker_.next().messages[0].resident;
    EXPECT_EQ(notice.body.bytes.view().find("Subject: x"), std::string_view::npos);
    EXPECT_EQ(notice.body.bytes.view().find("\r\nbody\r\n"), std::string_view::npos);
}

TEST_F(DispatcherTest, RemovalOfDeliveredMailComesToNothing)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    const Grant grant = taker_.next();
    EXPECT_EQ(remove(1, TellSender::Yes).kind, Kind::AfterAttempt);
    deliver(grant);
    EXPECT_TRUE(list().rows.empty());
    EXPECT_EQ(log_.notices, 0);
}

TEST_F(DispatcherTest, ChangeThatTheSpoolRefusesLeavesTheMessageAsItWas)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    defer(taker_.next(), minutes{1});
    (void)list();
    spool_.failing = true;
    EXPECT_EQ(hold(1).kind, Kind::NotRecorded);
    EXPECT_EQ(state(1), queue::State::Deferred);
    spool_.failing = false;
    clock_.advance(minutes{1});
    EXPECT_EQ(taker_.next().messages[0].lease.id, id(1));
}

TEST_F(DispatcherTest, RetriesByFilterAndSaysHowMany)
{
    start();
    spool_.store({make(1, {"b@far.example"}), make(2, {"c@other.example"})});
    defer(taker_.next(), hours{1});
    defer(taker_.next(), hours{1});
    SelectionChange retry;
    retry.selection.destination = "mx:far.example";
    retry.change.kind = MessageChange::Kind::Retry;
    retry.change.by = kAlice;
    retry.at_most = 10;
    EXPECT_EQ(change_selected(retry).counts.done, 1U);
    EXPECT_EQ(log_.last_line(), "queue.retry messages=1 destination=mx:far.example by=alice");
    EXPECT_EQ(taker_.next().route->label, "mx:far.example");
    EXPECT_EQ(state(2), queue::State::Deferred);
}

}  // namespace
}  // namespace hermetic::dispatch
