// What is granted and when: mail that comes, waits and is claimed, clocks, silent peers, the stop.
#include "dispatch/dispatcher_fixture.h"
#include "facts/reasons.h"

namespace hermetic::dispatch {
namespace {

using namespace dispatcher_fixture;

TEST_F(DispatcherTest, FreshMailIsGrantedFromMemory)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    const Grant grant = taker_.next();
    EXPECT_EQ(grant.route->label, "mx:far.example");
    ASSERT_EQ(grant.messages.size(), 1U);
    EXPECT_EQ(grant.messages[0].lease.epoch, 7U);
    ASSERT_TRUE(grant.messages[0].resident);
    EXPECT_FALSE(grant.messages[0].resident->body.bytes.empty());
    deliver(grant);
    EXPECT_TRUE(list().rows.empty());
    EXPECT_EQ(metrics_.value(metrics::Metric::QueueMessages), 0);
}

TEST_F(DispatcherTest, ClaimsWhatWasLeftBehind)
{
    spool::MessageState later;
    later.next_attempt = clock_.wall() + hours{1};
    later.last_reason = "connect.refused";
    spool_.leave_behind(make(1, {"b@far.example"}));
    spool_.leave_behind(make(2, {"c@far.example"}, later));
    start();
    const Grant grant = taker_.next();
    ASSERT_EQ(grant.messages.size(), 1U);
    EXPECT_EQ(grant.messages[0].lease.id, id(1));
    EXPECT_FALSE(grant.messages[0].resident) << "its body is read when it is needed";
    EXPECT_EQ(state(2), queue::State::Deferred);
    EXPECT_TRUE(dispatcher_.claimed_all());
}

// The directory of objects was lost: where mail goes is not known.
TEST_F(DispatcherTest, WithoutAnyOrganizationMailWaitsAndIsNotSplit)
{
    spool_.leave_behind(make(1, {"b@far.example"}));
    spool_.leave_behind(make(2, {"c@far.example", "d@other.example"}));
    start(std::make_shared<objects::Snapshot>(objects::Snapshot::Contents{}));
    while (!dispatcher_.claimed_all()) (void)list();
    EXPECT_EQ(list().rows.size(), 2U) << "it is seen";
    clock_.advance(hours{24 * 30});
    EXPECT_EQ(list().rows.size(), 2U) << "nor does it expire";
    EXPECT_TRUE(taker_.none());
    reload(snapshot("*"));
    EXPECT_EQ(taker_.next().route->label, "hosts:smtp://relay.example:25;connector=smart");
}

// Nothing of it can be read: there is nobody to tell.
TEST_F(DispatcherTest, AMessageThatCannotBeReadIsRemovedInSilenceOnly)
{
    spool::MessageState later;
    later.next_attempt = clock_.wall() + hours{1};
    spool_.leave_behind(make(1, {"b@far.example"}, later));
    spool_.unreadable = "rotten";
    start();
    while (!dispatcher_.claimed_all()) (void)list();
    const auto refused = remove(1, TellSender::Yes);
    EXPECT_EQ(refused.kind, Kind::Refused);
    EXPECT_NE(refused.words.find("rotten"), std::string::npos);
    EXPECT_EQ(remove(1, TellSender::No).kind, Kind::Done);
    EXPECT_TRUE(spool_.messages().empty());
}

TEST_F(DispatcherTest, AStoreThatIsBeingReopenedIsNotAnEmptyOne)
{
    spool_.leave_behind(make(1, {"b@far.example"}));
    auto asked = spool_.reopen();
    start();
    asked.get();
    EXPECT_EQ(taker_.next().messages.at(0).lease.id, id(1));
}

TEST_F(DispatcherTest, WhatIsNotReadYetIsNotSaidToBeUnknown)
{
    spool_.disk_fails = true;  // it does not know whether it has seen everything
    spool_.leave_behind(make(1, {"b@far.example"}));
    start();
    EXPECT_EQ(hold(9).kind, Kind::Starting);
    EXPECT_EQ(ask([&](auto answer) {
                  dispatcher_.change(id(9), asked(MessageChange::Kind::Retry), answer);
              }).kind,
              Kind::Starting);
    EXPECT_FALSE(show(id(9)).error.empty());
    spool_.disk_fails = false;
    while (!dispatcher_.claimed_all()) (void)list();
    EXPECT_EQ(hold(9).kind, Kind::NotFound);
    EXPECT_TRUE(show(id(9)).error.empty());
}

TEST_F(DispatcherTest, NothingIsGrantedWhileOutcomesCannotBeRecorded)
{
    start();
    spool_.disk_fails = true;
    spool_.store({make(1, {"b@there.example"})});
    (void)list({});  // the queue's thread has been through its news
    EXPECT_TRUE(taker_.none());
    spool_.disk_fails = false;
    clock_.advance(seconds{1});  // it looks again after a while
    EXPECT_EQ(taker_.next().messages.size(), 1U);
}

TEST_F(DispatcherTest, DeferredMailComesBackInTime)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    defer(taker_.next(), minutes{1});
    EXPECT_EQ(state(1), queue::State::Deferred);
    clock_.advance(minutes{1});
    EXPECT_EQ(taker_.next().messages[0].lease.id, id(1));
}

TEST_F(DispatcherTest, SaysHowLongMailWaitsForAConnectorWhateverTheWallClockDoes)
{
    start(snapshot("far.example"));
    spool_.store({make(1, {"b@far.example"}), make(2, {"b@other.example"})});
    const Grant one = taker_.next();
    const Grant other = taker_.next();
    clock_.advance(hours{2});
    clock_.set_back(hours{5});
    (void)list();  // behind what is on its way to the queue
    auto ages = dispatcher_.connector_ages();
    ASSERT_EQ(ages.size(), 1U) << "of mail without a connector nothing is said";
    EXPECT_EQ(ages[0].name.connector, "smart");
    EXPECT_EQ(ages[0].age, hours{2});
    defer(one.route->connector.empty() ? other : one, hours{1});
    clock_.advance(minutes{1});
    (void)list();
    ages = dispatcher_.connector_ages();
    ASSERT_EQ(ages.size(), 1U);
    EXPECT_EQ(ages[0].age, hours{2} + minutes{1}) << "an attempt changes nothing";
    EXPECT_EQ(hold(1).kind, Kind::Done);
    EXPECT_EQ(state(1), queue::State::Held);
    EXPECT_TRUE(dispatcher_.connector_ages().empty());
}

// The time since when TLS fails survives a restart, and its notice of delay does not wait until the
// destination has backed off.
TEST_F(DispatcherTest, WhatFailsForTlsComesToItsNoticeWhileTheDestinationRests)
{
    const auto left = [&](std::uint8_t number, std::optional<WallTime> tls_failing_since) {
        spool::MessageState state;
        state.attempts = 3;
        state.next_attempt = clock_.wall() + minutes{15};
        state.tls_failing_since = tls_failing_since;
        spool_.leave_behind(make(number, {"b@far.example"}, state));
    };
    spool_.leave_behind(make(1, {"b@far.example"}));
    left(2, clock_.wall() - minutes{50});
    left(3, std::nullopt);
    start();
    for (const Duration waited : {minutes{2}, minutes{7}, minutes{0}}) {
        const Grant grant = taker_.next();
        EXPECT_EQ(grant.messages.at(0).lease.id, id(1));
        EXPECT_FALSE(grant.settle);
        GrantReport report;
        report.id = grant.id;
        report.destination_failure.emplace().reason = facts::Reason::LadderHandshakeFailed;
        report.untouched = {id(1)};
        dispatcher_.ended({report});
        (void)list();
        clock_.advance(waited);
    }
    clock_.advance(minutes{11});  // the third back-off is longer than that
    const Grant grant = taker_.next();
    ASSERT_TRUE(grant.settle);
    ASSERT_EQ(grant.messages.size(), 1U);
    EXPECT_EQ(grant.messages[0].lease.id, id(2));
}

TEST_F(DispatcherTest, AMessageThatIsGoneFromTheSpoolLeavesTheQueueAndIsTold)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    const Grant grant = taker_.next();
    GrantReport report;
    report.id = grant.id;
    report.gone = {id(1)};
    dispatcher_.ended({report});
    EXPECT_FALSE(show(id(1)).row);
    EXPECT_EQ(log_.events, 1);
    EXPECT_EQ(log_.last_event(), "queue.message-gone");
    EXPECT_EQ(list().rows.size(), 0U);
}

TEST_F(DispatcherTest, ClockSetBackDoesNotStopTheQueue)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    defer(taker_.next(), minutes{1});
    (void)list();
    clock_.set_back(hours{5});
    EXPECT_EQ(show(id(1)).row->next_attempt, clock_.wall() + minutes{1}) << "by today's clock";
    clock_.advance(minutes{1});
    EXPECT_EQ(taker_.next().messages[0].lease.id, id(1));
}

// What comes and fails in between, and the destination that backs off, have no other times for it.
TEST_F(DispatcherTest, AClockThatJumpsAndComesBackChangesNothing)
{
    constexpr auto kJump = hours{24 * 400};
    start();
    spool_.store({make(1, {"b@far.example"})});
    defer(taker_.next(), minutes{10});
    (void)list();
    clock_.set_back(-kJump);
    EXPECT_EQ(state(1), queue::State::Deferred) << "nor is anything due, or expired, at once";
    spool_.store({make(2, {"c@other.example"}), make(3, {"d@third.example"})});
    const Grant second = taker_.next();
    EXPECT_EQ(second.messages[0].accepted_at, clock_.wall());
    defer(second, minutes{10});
    const Grant third = taker_.next();
    GrantReport report;
    report.id = third.id;
    report.destination_failure.emplace().reason = facts::Reason::ConnectTimedOut;
    report.untouched = {id(3)};
    dispatcher_.ended({report});
    (void)list();
    clock_.set_back(kJump);
    clock_.advance(minutes{11});
    std::set<MessageId> tried;
    for (int i = 0; i < 3; ++i) {
        const Grant grant = taker_.next();
        tried.insert(grant.messages.at(0).lease.id);
        EXPECT_LE(grant.messages[0].accepted_at, clock_.wall());
    }
    EXPECT_EQ(tried, (std::set<MessageId>{id(1), id(2), id(3)}));
}

TEST_F(DispatcherTest, WhatWasWrittenByAWrongClockIsTakenAsNow)
{
    constexpr auto kJump = hours{24 * 400};
    clock_.set_back(-kJump);
    spool::MessageState state;
    state.next_attempt = clock_.wall() + minutes{5};
    state.tls_failing_since = clock_.wall();
    spool_.leave_behind(make(1, {"b@far.example"}, state));
    clock_.set_back(kJump);
    start();
    const Grant grant = taker_.next();
    ASSERT_EQ(grant.messages.size(), 1U);
    EXPECT_EQ(grant.messages[0].accepted_at, clock_.wall()) << "its time to expire has begun";
}

TEST_F(DispatcherTest, MailBehindADestinationThatBacksOffSaysWhyAndWhen)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    const Grant grant = taker_.next();
    GrantReport report;
    report.id = grant.id;
    report.destination_failure.emplace().reason = facts::Reason::ConnectTimedOut;
    report.untouched = {id(1)};
    dispatcher_.ended({report});
    (void)list();
    spool_.store({make(2, {"c@far.example"})});  // never tried
    for (const std::uint8_t number : {std::uint8_t{1}, std::uint8_t{2}}) {
        const auto row = show(id(number)).row;
        ASSERT_TRUE(row);
        EXPECT_EQ(row->waits_for, "connect.timed-out");
        EXPECT_GE(row->next_attempt, clock_.wall() + seconds{50});
        EXPECT_LE(row->next_attempt, clock_.wall() + seconds{70});
    }
    EXPECT_EQ(list().rows.at(1).row.waits_for, "connect.timed-out");
}

TEST_F(DispatcherTest, ListsWithDetails)
{
    start();
    spool_.store({make(1, {"b@far.example", "c@far.example"})});
    defer(taker_.next(), hours{1});
    ListRequest request;
    request.details = ListRequest::Details::Yes;
    request.selection.reason = "connect.refused";
    const auto answer = list(request);
    ASSERT_EQ(answer.rows.size(), 1U);
    EXPECT_EQ(answer.rows[0].recipients,
              (std::vector<std::string>{"b@far.example", "c@far.example"}));
    EXPECT_EQ(answer.rows[0].row.attempts, 1U);
    const auto shown = show(id(1));
    ASSERT_TRUE(shown.message);
    EXPECT_EQ(shown.message->state.last_reason, "connect.refused");
    EXPECT_FALSE(show(id(9)).row);
}

class CrowdedDispatcher : public DispatcherTest {
protected:
    static DispatcherSettings two_connections()
    {
        DispatcherSettings few = settings();
        few.queue.connections = 2;
        return few;
    }
    CrowdedDispatcher() : DispatcherTest{two_connections()} {}
};

TEST_F(CrowdedDispatcher, TheOlderOfTwoSilentConnectionsEndsForOtherMail)
{
    start();
    spool_.store(
        {make(1, {"a@silent.example"}), make(2, {"b@mute.example"}), make(3, {"c@far.example"})});
    const Grant first = taker_.next();
    const Grant second = taker_.next();
    dispatcher_.peers_changed({{first.id, queue::Peer::Silent}});
    dispatcher_.peers_changed({{second.id, queue::Peer::Silent}});
    EXPECT_EQ(taker_.next_end(), first.id);
    EXPECT_TRUE(taker_.none()) << "its place is free when it has ended";
    GrantReport report;
    report.id = first.id;
    report.destination_failure.emplace().reason = facts::Reason::ConnectionGaveWay;
    report.untouched = {id(1)};
    dispatcher_.ended({report});
    EXPECT_EQ(taker_.next().route->label, "mx:far.example");
}

class AttackedDispatcher : public DispatcherTest {
protected:
    static DispatcherSettings ten_connections()
    {
        DispatcherSettings few = settings();
        few.queue.connections = 10;
        return few;
    }
    AttackedDispatcher() : DispatcherTest{ten_connections()} {}
};

// Hosts that take a message and never answer cannot be cut; there are more of them than
// connections.
TEST_F(AttackedDispatcher, MailGoesOnWhileStrangersKeepSilentBehindTheFinalDot)
{
    start();
    spool_.store({make(1, {"a@good.example"})});
    GrantReport report;
    report.id = taker_.next().id;
    report.delivered = 1;
    report.answered = true;
    report.peer = *IpAddress::parse("192.0.2.1");
    dispatcher_.ended({report});
    std::vector<Stored> bait;
    for (std::uint8_t i = 10; i < 30; ++i) {
        bait.push_back(make(i, {"a@stranger" + std::to_string(i) + ".example"}));
    }
    spool_.store(bait);
    std::vector<queue::PeerChanged> silent;
    for (std::uint8_t i = 0; i < 9; ++i) {
        const auto site = IpAddress::v4({198, 51, i, 0});
        silent.push_back({taker_.next().id, queue::Peer::SilentAfterDot, site});
    }
    dispatcher_.peers_changed(silent);
    (void)list();
    EXPECT_TRUE(taker_.none());
    EXPECT_TRUE(taker_.no_end()) << "a peer may have the message";
    EXPECT_EQ(show(id(29)).row->waits_for, "queue.no-free-connection");
    for (const std::uint8_t number : {std::uint8_t{2}, std::uint8_t{3}}) {
        spool_.store({make(number, {"a@good.example"})});
        report.id = taker_.next().id;
        EXPECT_EQ(show(id(number)).row->state, queue::State::UnderWay);
        dispatcher_.ended({report});
    }
}

TEST_F(DispatcherTest, StopWaitsForGrantsWithinItsBoundAndGrantsNoMore)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    const Grant grant = taker_.next();
    dispatcher_.stop_granting();
    spool_.store({make(2, {"c@far.example"})});
    EXPECT_EQ(hold(1).kind, Kind::Stopping);
    EXPECT_TRUE(taker_.none());
    dispatcher_.stop();
    dispatcher_.ended({});
    EXPECT_EQ(hold(1).kind, Kind::Stopping) << "answered after the end too";
    EXPECT_TRUE(list().rows.empty());
    EXPECT_EQ(spool_.messages().size(), 2U) << "all of it is in the spool";
}

}  // namespace
}  // namespace hermetic::dispatch
