// What is asked of a selection, pauses, and the text of messages.
#include "dispatch/dispatcher_fixture.h"

namespace hermetic::dispatch {
namespace {

using namespace dispatcher_fixture;
using ChangeKind = MessageChange::Kind;

class SelectionTest : public DispatcherTest {
protected:
    explicit SelectionTest(DispatcherSettings its_settings = settings())
        : DispatcherTest{std::move(its_settings)}
    {
    }
    // None that id() makes.
    static MessageId number(std::uint32_t one)
    {
        MessageId id;
        one += 1000;
        for (std::size_t i = 0; i < 4; ++i)
            id.bytes[15 - i] = static_cast<std::uint8_t>(one >> (8 * i));
        return id;
    }
    spool::MessageState later()
    {
        spool::MessageState state;
        state.next_attempt = clock_.wall() + hours{1};
        state.last_reason = "rcpt.deferred";
        return state;
    }
    // As from an earlier run, deferred for an hour.
    void leave_behind(std::uint32_t first, std::uint32_t end, const std::string& recipient)
    {
        for (std::uint32_t i = first; i < end; ++i) {
            auto message = std::make_shared<spool::StoredMessage>(*make(1, {recipient}, later()));
            message->id = number(i);
            spool_.leave_behind(message);
        }
    }
    void start_and_claim()
    {
        start();
        while (!dispatcher_.claimed_all()) (void)list();
    }
    static SelectionChange change_of(ChangeKind kind, queue::Selection selection)
    {
        SelectionChange request;
        request.selection = std::move(selection);
        request.change.kind = kind;
        request.change.by = kAlice;
        request.at_most = kMostChanges;
        return request;
    }
    std::size_t held()
    {
        std::size_t count = 0;
        for (const auto& [id, message] : spool_.messages()) count += message->state.held ? 1 : 0;
        return count;
    }
    OperatorAnswer pause(const std::string& destination)
    {
        return ask([&](auto answer) { dispatcher_.pause(destination, "moving", kAlice, answer); });
    }
    OperatorAnswer resume(const std::string& destination)
    {
        return ask([&](auto answer) { dispatcher_.resume(destination, kAlice, answer); });
    }
    ViewAnswer view(std::uint8_t number, ViewPart part)
    {
        std::promise<ViewAnswer> promise;
        dispatcher_.view(id(number), part, kAlice,
                         [&](ViewAnswer answer) { promise.set_value(std::move(answer)); });
        return promise.get_future().get();
    }
};

TEST_F(SelectionTest, WhatIsCountedIsWhatIsChanged)
{
    leave_behind(0, 5, "b@far.example");
    leave_behind(5, 8, "c@other.example");
    start_and_claim();
    const queue::Selection far{.domain = "far.example"};
    const auto counted = count(far, ChangeKind::Hold);
    EXPECT_EQ(counted.messages, 5U);
    EXPECT_TRUE(counted.complete);
    EXPECT_EQ(count(far, ChangeKind::Release).messages, 0U) << "none is held";
    clock_.advance(seconds{1});
    spool_.store({make(200, {"late@far.example"})});
    (void)taker_.next();
    auto hold = change_of(ChangeKind::Hold, far);
    hold.selection.accepted_by = counted.as_of;
    const auto done = change_selected(hold);
    EXPECT_EQ(done.counts.done, 5U) << "what came after the count is not in it";
    EXPECT_FALSE(done.next);
    EXPECT_EQ(held(), 5U);
    EXPECT_EQ(log_.last_line(), "queue.hold messages=5 domain=far.example by=alice");
    EXPECT_EQ(spool_.messages().at(number(0))->state.handled->by, "alice");
    EXPECT_EQ(count(far, ChangeKind::Release).messages, 5U);
}

TEST_F(SelectionTest, NoApprovalLiftsRequiretls)
{
    leave_behind(0, 2, "b@far.example");
    auto demanding = std::make_shared<spool::StoredMessage>(*make(7, {"c@far.example"}, later()));
    auto envelope = std::make_shared<mail::Envelope>(*demanding->envelope);
    envelope->tls.requiretls = true;
    demanding->envelope = envelope;
    spool_.leave_behind(demanding);
    start_and_claim();
    const spool::Approval approval{"alice", "ticket 12", clock_.wall()};
    EXPECT_EQ(approve(7, approval).kind, OperatorAnswer::Kind::Refused);
    EXPECT_EQ(log_.last_line().find("queue.approved"), std::string::npos);

    auto request = change_of(ChangeKind::Approve, {.domain = "far.example"});
    request.change.approval = approval;
    const auto done = change_selected(request);
    EXPECT_EQ(done.counts.done, 2U);
    EXPECT_EQ(done.counts.left, 1U);
    EXPECT_NE(done.counts.why_left.find("REQUIRETLS"), std::string::npos);
    EXPECT_FALSE(spool_.messages().at(id(7))->state.approval);
}

TEST_F(SelectionTest, NeverChangesMoreThanItMayAndGoesOnFromThere)
{
    leave_behind(0, 10, "b@far.example");
    start_and_claim();
    auto hold = change_of(ChangeKind::Hold, {.reason = "rcpt.deferred"});
    hold.at_most = 4;
    auto done = change_selected(hold);
    EXPECT_EQ(done.counts.done, 4U);
    ASSERT_TRUE(done.next);
    hold.cursor = *done.next;
    done = change_selected(hold);
    EXPECT_EQ(done.counts.done, 4U);
    EXPECT_EQ(held(), 8U);
    hold.cursor = *done.next;
    done = change_selected(hold);
    EXPECT_EQ(done.counts.done, 2U);
    EXPECT_FALSE(done.next);
}

TEST_F(SelectionTest, RecipientsAreReadWhereTheyMustBe)
{
    leave_behind(0, 3, "b@far.example");
    leave_behind(3, 4, "d@far.example");
    leave_behind(4, 6, "b@other.example");
    start_and_claim();
    EXPECT_EQ(count({.recipient = "B@far.example"}, ChangeKind::Remove).messages, 3U);
    EXPECT_EQ(count({.recipient = "@far.example"}, ChangeKind::Remove).messages, 4U);
    ListRequest request;
    request.selection.recipient = "d@far.example";
    ASSERT_EQ(list(request).rows.size(), 1U);
    const auto done =
        change_selected(change_of(ChangeKind::Remove, {.recipient = "b@far.example"}));
    EXPECT_EQ(done.counts.done, 3U);
    EXPECT_EQ(spool_.messages().size(), 3U);
}

// Unknown is not no: whoever removes somebody's mail must hear that there may be more of it.
TEST_F(SelectionTest, WhatCannotBeReadIsCountedApart)
{
    leave_behind(0, 3, "b@far.example");
    leave_behind(3, 5, "b@other.example");
    start_and_claim();
    spool_.unreadable = "rotten";
    const queue::Selection one{.recipient = "b@far.example"};
    const auto counted = count(one, ChangeKind::Hold);
    EXPECT_EQ(counted.messages, 0U);
    EXPECT_EQ(counted.unread, 3U);
    const auto done = change_selected(change_of(ChangeKind::Hold, one));
    EXPECT_EQ(done.counts.done, 0U);
    EXPECT_EQ(done.counts.unread, 3U);
    EXPECT_NE(describe(ChangeKind::Hold, done.counts).find("3 messages could not be read"),
              std::string::npos);
    EXPECT_EQ(count({.domain = "far.example"}, ChangeKind::Hold).unread, 0U) << "needs no reading";
}

// A change of many messages waits for the disk portion by portion; other mail goes on meanwhile,
// and no more changes than a portion are asked of the spool at a time.
TEST_F(SelectionTest, DeliveriesGoOnWhileManyMessagesAreChanged)
{
    leave_behind(0, 500, "b@far.example");
    start_and_claim();
    spool_.slow = true;
    std::promise<SelectionAnswer> answered;
    dispatcher_.change_selected(change_of(ChangeKind::Hold, {.domain = "far.example"}),
                                [&](SelectionAnswer answer) { answered.set_value(answer); });
    spool_.wait_for(64);
    spool_.store({make(201, {"c@other.example"})});
    deliver(taker_.next());
    EXPECT_EQ(spool_.waiting(), 64U);
    spool_.catch_up();
    EXPECT_EQ(answered.get_future().get().counts.done, 500U);
}

TEST_F(SelectionTest, MailUnderWayIsHeldWhenItComesBack)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    const Grant grant = taker_.next();
    const auto done = change_selected(change_of(ChangeKind::Hold, {.domain = "far.example"}));
    EXPECT_EQ(done.counts.later, 1U);
    EXPECT_EQ(describe(ChangeKind::Hold, done.counts),
              "0 messages are held. 1 is being delivered now: this will be done when the attempt "
              "ends, unless that delivers.");
    defer(grant, hours{1});
    while (!spool_.messages().at(id(1))->state.held) (void)list();
}

TEST_F(SelectionTest, SummaryHasTheWholeQueue)
{
    leave_behind(0, 30, "b@far.example");
    leave_behind(30, 32, "b@other.example");
    start_and_claim();
    std::promise<queue::Summary::Rows> promise;
    dispatcher_.summary({}, 1, [&](queue::Summary::Rows rows) { promise.set_value(rows); });
    const auto rows = promise.get_future().get();
    ASSERT_EQ(rows.rows.size(), 1U);
    EXPECT_EQ(rows.rows[0].destination, "mx:far.example");
    EXPECT_EQ(rows.rows[0].reason, "rcpt.deferred");
    EXPECT_EQ(rows.rows[0].messages, 30U);
    EXPECT_EQ(rows.total.messages, 32U);
    EXPECT_EQ(rows.total.oldest, clock_.wall());
}

TEST_F(SelectionTest, PausedMailWaitsAndSaysWhy)
{
    start();
    const auto paused = pause("mx:far.example");
    EXPECT_EQ(paused.kind, Kind::Done);
    EXPECT_NE(paused.words.find("No mail waits for it now."), std::string::npos) << paused.words;
    EXPECT_NE(paused.warning.find("no accepted domain names \"mx:far.example\""), std::string::npos)
        << paused.warning;
    EXPECT_EQ(log_.last_line(), "queue.pause destination=mx:far.example by=alice why=moving");
    spool_.store({make(1, {"b@far.example"}), make(2, {"c@other.example"})});
    EXPECT_EQ(taker_.next().route->label, "mx:other.example");
    const auto shown = show(id(1));
    EXPECT_EQ(shown.row->waits_for, "queue.paused");
    EXPECT_EQ(shown.row->pause->by, "alice");
    EXPECT_EQ(ask([&](auto answer) {
                  dispatcher_.change(id(1), asked(MessageChange::Kind::Retry), answer);
              }).kind,
              Kind::Refused);
    EXPECT_EQ(pause("mx:far.example").count, 1U) << "it was already";
    EXPECT_EQ(pause("mx:far.example;organization=Example").count, 1U) << "the same, in full";
    EXPECT_EQ(pause("mx:far.example;organization=Other").kind, Kind::Refused) << "nobody's";
    EXPECT_EQ(resume("mx:far.example;organization=Other").kind, Kind::NotFound);
    EXPECT_TRUE(taker_.none());
    EXPECT_EQ(resume("mx:far.example").kind, Kind::Done);
    EXPECT_EQ(log_.last_line(), "queue.resume destination=mx:far.example by=alice");
    EXPECT_EQ(taker_.next().route->label, "mx:far.example");
    EXPECT_EQ(resume("mx:far.example").kind, Kind::NotFound);
}

// A name cut at the ";" by a shell, or the domain where a connector decides, would pause nothing.
TEST_F(SelectionTest, APauseThatNoMailCanHaveIsRefused)
{
    start(snapshot("far.example"));
    const std::string label = "hosts:smtp://relay.example:25;connector=smart";
    for (const char* other : {"mx:far.example", "hosts:smtp://relay.example:25", "mx:smart"}) {
        const auto refused = pause(other);
        EXPECT_EQ(refused.kind, Kind::Refused) << other;
        EXPECT_NE(refused.words.find("goes to \"" + label + "\": pause that."), std::string::npos)
            << refused.words;
    }
    const auto done = pause(label);
    EXPECT_EQ(done.kind, Kind::Done) << done.words;
    EXPECT_EQ(done.warning, "");
    spool_.store({make(1, {"b@far.example"})});
    EXPECT_EQ(show(id(1)).row->waits_for, "queue.paused");
    EXPECT_TRUE(taker_.none());
}

class PausedBefore : public SelectionTest {
protected:
    PausedBefore() : SelectionTest{paused()} {}
    static DispatcherSettings paused()
    {
        DispatcherSettings one = settings();
        one.pauses["mx:far.example"] = {"bob", "before the restart", WallTime{hours{1}}};
        one.save_pauses = [](const queue::Pauses&) -> Result<void, std::string> {
            return failure(std::string{"disk full"});
        };
        return one;
    }
};

TEST_F(PausedBefore, APauseOutlivesARestart)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    EXPECT_EQ(show(id(1)).row->pause->why, "before the restart");
    EXPECT_TRUE(taker_.none());
}

TEST_F(PausedBefore, WhatCannotBeRecordedDoesNotHold)
{
    start();
    EXPECT_EQ(resume("mx:far.example").kind, Kind::NotRecorded);
    EXPECT_EQ(pause("mx:other.example").kind, Kind::NotRecorded);
    spool_.store({make(1, {"b@far.example"}), make(2, {"c@other.example"})});
    EXPECT_EQ(taker_.next().route->label, "mx:other.example");
    EXPECT_EQ(show(id(1)).row->waits_for, "queue.paused");
}

TEST_F(SelectionTest, ViewIsLoggedWithWhoSawIt)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    defer(taker_.next(), hours{1});
    const auto header = view(1, ViewPart::Header);
    EXPECT_EQ(header.header, "Subject: x\r\n");
    EXPECT_EQ(header.body, "");
    EXPECT_TRUE(header.whole);
    const auto message = view(1, ViewPart::Message);
    EXPECT_EQ(message.header + message.body, "Subject: x\r\n\r\nbody\r\n");
    EXPECT_EQ(log_.last_line(), "queue.view id=" + format_id(id(1)) +
                                    " accepted_as=" + format_id(id(1)) + " part=message by=alice");
    EXPECT_EQ(view(9, ViewPart::Header).kind, Kind::NotFound);
}

}  // namespace
}  // namespace hermetic::dispatch
