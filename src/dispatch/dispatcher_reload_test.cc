// What a reload does to mail that waits: other routes, other policies, messages that part.
#include "dispatch/dispatcher_fixture.h"
#include "facts/reasons.h"

namespace hermetic::dispatch {
namespace {

using namespace dispatcher_fixture;

TEST_F(DispatcherTest, MailWhosePolicyHasChangedIsTriedAtOnce)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    defer(taker_.next(), hours{1});
    reload(snapshot());
    EXPECT_EQ(state(1), queue::State::Deferred) << "nothing has changed";
    dispatcher_.reload(snapshot(),
                       [](const routing::Route& route) { return route.domain == "far.example"; });
    EXPECT_EQ(taker_.next().messages[0].lease.id, id(1));
}

// It was tried by what held before: that says nothing of what holds now.
TEST_F(DispatcherTest, MailThatIsUnderWayWhileItsPolicyChangesIsTriedAgainAtOnce)
{
    start();
    spool_.store({make(1, {"b@far.example"}), make(2, {"b@other.example"})});
    const Grant grant = taker_.next();
    const Grant other = taker_.next();
    dispatcher_.reload(snapshot(), [](const routing::Route&) { return true; });
    defer(grant, hours{1});
    EXPECT_EQ(taker_.next().messages[0].lease.id, grant.messages[0].lease.id);
    GrantReport report;
    report.id = other.id;
    report.destination_failure.emplace().reason = facts::Reason::LadderHandshakeFailed;
    report.untouched = {other.messages[0].lease.id};
    dispatcher_.ended({report});
    EXPECT_EQ(taker_.next().messages[0].lease.id, other.messages[0].lease.id);
}

TEST_F(DispatcherTest, ReloadMovesMailToItsNewRoute)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    defer(taker_.next(), hours{1});
    reload(snapshot("far.example"));
    const Grant grant = taker_.next();
    EXPECT_EQ(grant.route->label, "hosts:smtp://relay.example:25;connector=smart");
    EXPECT_EQ(grant.messages[0].lease.id, id(1));
}

TEST_F(DispatcherTest, MessageWhoseRoutesPartIsSplitDurably)
{
    start(snapshot("*"));
    spool::MessageState state;
    state.next_attempt = clock_.wall() + hours{1};
    state.finished = {2};
    spool_.store({make(1, {"b@far.example", "c@other.example", "d@done.example"}, state)});
    EXPECT_EQ(list().rows.size(), 1U);
    reload(snapshot("far.example"));
    while (list().rows.size() != 2) {
    }
    std::set<std::string> destinations;
    for (const auto& row : list().rows) destinations.insert(row.row.route->label);
    EXPECT_EQ(destinations, (std::set<std::string>{"hosts:smtp://relay.example:25;connector=smart",
                                                   "mx:other.example"}));
    const auto messages = spool_.messages();
    ASSERT_TRUE(messages.contains(id(1))) << "one part keeps the id that an operator knows";
    EXPECT_EQ(messages.at(id(1))->state.finished.size(), 2U);
    for (const auto& [one, message] : messages) {
        EXPECT_EQ(message->body.id.bytes[15], 1) << "the body is shared";
        EXPECT_EQ(message->envelope->accepted_as, id(1));
        if (one == id(1)) continue;
        EXPECT_EQ(message->envelope->recipients.size(), 1U);
        EXPECT_TRUE(message->state.finished.empty());
    }
}

TEST_F(DispatcherTest, WhatWasSplitBeforeTheFirstAttemptIsNotSplitAgain)
{
    start(snapshot("*"));
    spool::MessageState later;
    later.next_attempt = clock_.wall() + hours{1};
    spool_.store({make(1, {"b@far.example", "c@other.example"}, later)});
    reload(snapshot("far.example"));
    while (list().rows.size() != 2) {
    }
    clock_.advance(hours{1});
    std::size_t recipients = 0;
    for (int part = 0; part < 2; ++part) {
        const Grant grant = taker_.next();
        ASSERT_EQ(grant.messages.size(), 1U);
        const auto& copy = grant.messages[0].resident;
        const auto message = copy ? copy : spool_.messages().at(grant.messages[0].lease.id);
        recipients += message->envelope->recipients.size() - message->state.finished.size();
    }
    EXPECT_EQ(recipients, 2U) << "each recipient once";
}

TEST_F(DispatcherTest, HeldMailStaysHeldInAllItsParts)
{
    start(snapshot("*"));
    spool::MessageState state;
    state.next_attempt = clock_.wall() + hours{1};
    spool_.store({make(1, {"b@far.example", "c@other.example", "d@far.example"}, state)});
    EXPECT_EQ(hold(1).kind, Kind::Done);
    reload(snapshot("far.example"));
    ListRequest held;
    held.selection.states = {queue::State::Held};
    while (list(held).rows.size() != 2) {
    }
    // What must be split counts as held for a while: the spool says for whose sake.
    for (const auto& [one, message] : spool_.messages()) EXPECT_TRUE(message->state.held);
    EXPECT_TRUE(taker_.none());
    while (release(1).kind != Kind::Done) {
    }
    EXPECT_EQ(taker_.next().messages.at(0).lease.id, id(1));
    EXPECT_EQ(list().rows.size(), 2U);
}

TEST_F(DispatcherTest, MailRoutedByAnOlderSnapshotIsSplitOnArrival)
{
    start(snapshot("far.example"));
    spool_.store({make(1, {"b@far.example", "c@other.example"})});
    std::set<std::string> destinations{taker_.next().route->label, taker_.next().route->label};
    EXPECT_EQ(destinations, (std::set<std::string>{"hosts:smtp://relay.example:25;connector=smart",
                                                   "mx:other.example"}));
}

}  // namespace
}  // namespace hermetic::dispatch
