#include "delivery/dispatcher.h"

#include "core/text.h"
#include "ledger/log.h"
#include "metrics/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <set>

namespace hermetic::delivery {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// Moves only when a test says so.
class ManualClock final : public Clock {
public:
    Instant now() const override { return Instant{Duration{elapsed_.load()}}; }
    WallTime wall() const override
    {
        return WallTime{hours{24 * 365 * 50}} +
               std::chrono::duration_cast<WallTime::duration>(Duration{elapsed_.load()} +
                                                              Duration{step_.load()});
    }
    void advance(Duration time) { elapsed_ += time.count(); }
    void set_back(Duration time) { step_ -= time.count(); }

private:
    std::atomic<Duration::rep> elapsed_{0};
    std::atomic<Duration::rep> step_{0};
};

class QuietLog final : public ledger::Log {
public:
    void session(ledger::SessionFacts) override {}
    void message(ledger::MessageFacts) override {}
    void attempt(facts::Attempt) override {}
    void notice(ledger::NoticeFacts) override { ++notices; }
    void event(ledger::Level, std::string_view, std::vector<Field>) override { ++events; }
    void reopen() override {}
    void flush() override {}
    std::atomic<int> notices = 0;
    std::atomic<int> events = 0;
};

using Stored = std::shared_ptr<const spool::StoredMessage>;

// A spool in memory whose disk is quick: what is asked is done before the call returns, and told
// as the real one tells it.
class MemorySpool final : public spool::Spool {
public:
    explicit MemorySpool(spool::SpoolListener& listener) : listener_{listener} {}

    void commit(std::vector<Stored> messages, spool::CommitOperation& done) override
    {
        done.result =
            store(std::move(messages)) ? spool::Durability::Durable : spool::Durability::Refused;
        done.port.post({&done});
    }
    void record(spool::Change change, spool::CommitOperation* done) override
    {
        bool kept = false;
        {
            const std::lock_guard lock{mutex_};
            kept = !failing && messages_.count(change.lease.id) == 1 && change.lease.epoch == 7;
            if (kept && change.kind == spool::Change::Kind::Finished) {
                messages_.erase(change.lease.id);
            } else if (kept) {
                auto copy = std::make_shared<spool::StoredMessage>(*messages_[change.lease.id]);
                copy->state = change.state;
                messages_[change.lease.id] = copy;
            }
        }
        if (kept) {
            (void)store(change.new_messages);
            std::vector<spool::Change> changes;
            changes.push_back(std::move(change));
            listener_.on_recorded(std::move(changes));
        }
        if (done == nullptr) return;
        done->result = kept ? spool::Durability::Durable : spool::Durability::Refused;
        done->port.post({done});
    }
    std::uint64_t epoch() const override { return 7; }
    std::vector<spool::Claimed> claim(std::size_t limit, std::optional<MessageId> after) override
    {
        const std::lock_guard lock{mutex_};
        std::vector<spool::Claimed> claimed;
        if (reopening_) {
            asked_in_vain_.set_value();
            reopening_ = false;
            return claimed;
        }
        for (const auto& [id, message] : messages_) {
            if ((after && id <= *after) || claimed.size() == limit) continue;
            if (!unclaimed_.erase(id)) continue;
            claimed.push_back({{id, 7}, message->envelope, message->body, message->state});
            claimed.back().body.bytes = {};
        }
        return claimed;
    }
    void renew(std::span<const spool::Lease>) override {}
    void load(MessageId id, spool::LoadOperation& done) override
    {
        {
            const std::lock_guard lock{mutex_};
            if (const auto found = messages_.find(id); found != messages_.end()) {
                done.message = found->second;
            }
        }
        done.port.post({&done});
    }
    std::unique_ptr<spool::BodyWriter> write_body(BodyId) override { return nullptr; }
    std::unique_ptr<spool::BodyReader> open_body(const spool::Body&) override { return nullptr; }
    std::size_t body_file_threshold() const override { return 256 << 10; }
    spool::Pressure pressure() const override
    {
        const std::lock_guard lock{mutex_};
        return reopening_ || disk_fails ? spool::Pressure::DiskFailing : spool::Pressure::None;
    }
    spool::SpoolStatus status() const override { return {}; }
    void close() override {}

    // Until it has been asked once, it shows nothing; ready then.
    std::future<void> reopen()
    {
        const std::lock_guard lock{mutex_};
        reopening_ = true;
        return asked_in_vain_.get_future();
    }
    // As from an earlier run: to be claimed.
    void leave_behind(Stored message)
    {
        const std::lock_guard lock{mutex_};
        unclaimed_.insert(message->id);
        messages_[message->id] = std::move(message);
    }
    bool store(std::vector<Stored> messages)
    {
        if (failing) return false;
        {
            const std::lock_guard lock{mutex_};
            for (const auto& one : messages) messages_[one->id] = one;
        }
        if (!messages.empty()) listener_.on_stored(std::move(messages));
        return true;
    }
    std::map<MessageId, Stored> messages()
    {
        const std::lock_guard lock{mutex_};
        return messages_;
    }
    std::atomic<bool> failing = false;
    std::atomic<bool> disk_fails = false;

private:
    spool::SpoolListener& listener_;
    mutable std::mutex mutex_;
    std::map<MessageId, Stored> messages_;
    std::set<MessageId> unclaimed_;
    bool reopening_ = false;
    std::promise<void> asked_in_vain_;
};

class Taker final : public GrantTaker {
public:
    void grant(std::vector<Grant> grants) override
    {
        const std::lock_guard lock{mutex_};
        std::move(grants.begin(), grants.end(), std::back_inserter(grants_));
        came_.notify_all();
    }
    // The next grant; fails the test where none comes.
    Grant next()
    {
        std::unique_lock lock{mutex_};
        if (!came_.wait_for(lock, std::chrono::seconds{20}, [&] { return !grants_.empty(); })) {
            ADD_FAILURE() << "no grant came";
            return {};
        }
        Grant grant = std::move(grants_.front());
        grants_.erase(grants_.begin());
        return grant;
    }
    bool none()
    {
        const std::lock_guard lock{mutex_};
        return grants_.empty();
    }

private:
    std::mutex mutex_;
    std::condition_variable came_;
    std::vector<Grant> grants_;
};

class DispatcherTest : public testing::Test {
protected:
    ~DispatcherTest() override { dispatcher_.stop(); }

    static DispatcherSettings settings()
    {
        DispatcherSettings settings;
        settings.hostname = "mx.own.example";
        settings.stop_wait = std::chrono::seconds{0};
        return settings;
    }
    static objects::SnapshotPointer snapshot(const std::string& smart_host_for = "")
    {
        objects::Snapshot::Contents contents;
        contents.organization.name = "Example";
        if (!smart_host_for.empty()) {
            objects::OutboundConnector connector;
            connector.name = "smart";
            connector.recipient_domains = {*objects::DomainPattern::parse(smart_host_for)};
            connector.next_hop.mx = false;
            objects::NextHopHost host;
            host.host = "relay.example";
            connector.next_hop.hosts = {host};
            contents.outbound_connectors = {connector};
        }
        return std::make_shared<objects::Snapshot>(contents);
    }
    void start(objects::SnapshotPointer objects = snapshot())
    {
        dispatcher_.start(spool_, {&taker_}, std::move(objects));
    }
    Stored make(std::uint8_t number, std::vector<std::string> recipients,
                spool::MessageState state = {})
    {
        auto envelope = std::make_shared<mail::Envelope>();
        envelope->sender = *mail::parse_mailbox("a@own.example");
        for (const auto& one : recipients) {
            envelope->recipients.push_back({*mail::parse_mailbox(one), mail::kNotifyUnset, {}});
        }
        envelope->accepted_at = clock_.wall();
        auto message = std::make_shared<spool::StoredMessage>();
        message->id.bytes[15] = number;
        envelope->accepted_as = message->id;
        message->envelope = envelope;
        message->body.id.bytes[15] = number;
        message->body.bytes = Bytes{"Subject: x\r\n\r\nbody\r\n"};
        message->body.size = message->body.bytes.size();
        if (state.next_attempt == WallTime{}) state.next_attempt = clock_.wall();
        message->state = std::move(state);
        return message;
    }
    static MessageId id(std::uint8_t number)
    {
        MessageId one;
        one.bytes[15] = number;
        return one;
    }
    // As delivery would: records and reports.
    void defer(const Grant& grant, Duration wait)
    {
        GrantReport report;
        report.id = grant.id;
        for (const auto& one : grant.messages) {
            spool::Change change;
            change.kind = spool::Change::Kind::Deferred;
            change.lease = one.lease;
            change.state.attempts = 1;
            change.state.next_attempt =
                clock_.wall() + std::chrono::duration_cast<WallTime::duration>(wait);
            change.state.last_reason = "connect.refused";
            spool_.record(std::move(change), nullptr);
            ++report.deferred;
        }
        dispatcher_.ended({report});
    }
    void deliver(const Grant& grant)
    {
        GrantReport report;
        report.id = grant.id;
        for (const auto& one : grant.messages) {
            spool::Change change;
            change.lease = one.lease;
            spool_.record(std::move(change), nullptr);
            ++report.delivered;
        }
        dispatcher_.ended({report});
    }
    template <typename Call>
    OperatorAnswer ask(Call call)
    {
        std::promise<OperatorAnswer> promise;
        auto future = promise.get_future();
        call([&](OperatorAnswer answer) { promise.set_value(std::move(answer)); });
        return future.get();
    }
    ListAnswer list(ListRequest request = {})
    {
        std::promise<ListAnswer> promise;
        auto future = promise.get_future();
        dispatcher_.list(std::move(request),
                         [&](ListAnswer answer) { promise.set_value(std::move(answer)); });
        return future.get();
    }
    ShowAnswer show(MessageId one)
    {
        std::promise<ShowAnswer> promise;
        auto future = promise.get_future();
        dispatcher_.show(one, [&](ShowAnswer answer) { promise.set_value(std::move(answer)); });
        return future.get();
    }
    queue::State state(std::uint8_t number)
    {
        const auto shown = show(id(number));
        if (!shown.row) {
            ADD_FAILURE() << "not in the queue";
            return {};
        }
        return shown.row->state;
    }
    OperatorAnswer hold(std::uint8_t number)
    {
        return ask([&](auto answer) { dispatcher_.hold(id(number), answer); });
    }
    OperatorAnswer release(std::uint8_t number)
    {
        return ask([&](auto answer) { dispatcher_.release(id(number), answer); });
    }
    OperatorAnswer remove(std::uint8_t number, TellSender tell)
    {
        return ask([&](auto answer) { dispatcher_.remove(id(number), tell, answer); });
    }

    using Kind = OperatorAnswer::Kind;
    ManualClock clock_;
    metrics::Metrics metrics_;
    QuietLog log_;
    Taker taker_;
    Dispatcher dispatcher_{settings(), clock_, metrics_, log_};
    MemorySpool spool_{dispatcher_};
};

TEST_F(DispatcherTest, FreshMailIsGrantedFromMemory)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    const Grant grant = taker_.next();
    EXPECT_EQ(grant.destination, "mx:far.example");
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

TEST_F(DispatcherTest, AStoreThatIsBeingReopenedIsNotAnEmptyOne)
{
    spool_.leave_behind(make(1, {"b@far.example"}));
    auto asked = spool_.reopen();
    start();
    asked.get();
    EXPECT_EQ(taker_.next().messages.at(0).lease.id, id(1));
}

TEST_F(DispatcherTest, NothingIsGrantedWhileOutcomesCannotBeRecorded)
{
    start();
    spool_.disk_fails = true;
    spool_.store({make(1, {"b@there.example"})});
    (void)list({});  // the queue's thread has been through its news
    EXPECT_TRUE(taker_.none());
    spool_.disk_fails = false;
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

// The time since when TLS fails survives a restart, and its notice of delay does not wait until the
// destination has rested.
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
    for (const Duration rested : {minutes{2}, minutes{7}, minutes{0}}) {
        const Grant grant = taker_.next();
        EXPECT_EQ(grant.messages.at(0).lease.id, id(1));
        EXPECT_FALSE(grant.settle);
        GrantReport report;
        report.id = grant.id;
        report.destination_failure.emplace().reason = "ladder.handshake-failed";
        report.untouched = {id(1)};
        dispatcher_.ended({report});
        (void)list();
        clock_.advance(rested);
    }
    clock_.advance(minutes{11});  // the third rest is longer than that
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
    EXPECT_EQ(list().rows.size(), 0U);
}

TEST_F(DispatcherTest, ClockSetBackDoesNotStopTheQueue)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    defer(taker_.next(), minutes{1});
    (void)list();
    clock_.set_back(hours{5});
    EXPECT_EQ(taker_.next().messages[0].lease.id, id(1));
}

TEST_F(DispatcherTest, HoldAndReleaseAreDurable)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    defer(taker_.next(), minutes{1});
    EXPECT_EQ(hold(1).kind, Kind::Done);
    EXPECT_EQ(state(1), queue::State::Held);
    EXPECT_TRUE(spool_.messages()[id(1)]->state.held);
    EXPECT_EQ(spool_.messages()[id(1)]->state.last_reason, "connect.refused") << "the rest stays";
    EXPECT_EQ(metrics_.value(metrics::Metric::QueueHeld), 1);
    clock_.advance(hours{2});
    EXPECT_EQ(state(1), queue::State::Held);
    EXPECT_EQ(ask([&](auto answer) { dispatcher_.retry(id(1), answer); }).kind, Kind::Refused);
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

TEST_F(DispatcherTest, RemovedMailLeavesANoticeInTheSameChange)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    defer(taker_.next(), minutes{1});
    EXPECT_EQ(remove(1, TellSender::Yes).kind, Kind::Done);
    const Grant grant = taker_.next();
    EXPECT_EQ(grant.destination, "mx:own.example");
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
    EXPECT_EQ(hold(1).kind, Kind::Refused);
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
    queue::Filter filter;
    filter.destination = "mx:far.example";
    const auto answer = ask([&](auto reply) { dispatcher_.retry(filter, reply); });
    EXPECT_EQ(answer.count, 1U);
    EXPECT_EQ(taker_.next().destination, "mx:far.example");
    EXPECT_EQ(state(2), queue::State::Deferred);
}

TEST_F(DispatcherTest, ListsWithDetails)
{
    start();
    spool_.store({make(1, {"b@far.example", "c@far.example"})});
    defer(taker_.next(), hours{1});
    ListRequest request;
    request.details = ListRequest::Details::Yes;
    request.filter.reason = "connect.refused";
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

TEST_F(DispatcherTest, ReloadMovesMailToItsNewRoute)
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    defer(taker_.next(), hours{1});
    dispatcher_.reload(snapshot("far.example"));
    const Grant grant = taker_.next();
    EXPECT_EQ(grant.destination, "hosts:smtp://relay.example:25");
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
    dispatcher_.reload(snapshot("far.example"));
    while (list().rows.size() != 2) {
    }
    std::set<std::string> destinations;
    for (const auto& row : list().rows) destinations.insert(row.row.destination);
    EXPECT_EQ(destinations,
              (std::set<std::string>{"hosts:smtp://relay.example:25", "mx:other.example"}));
    for (const auto& [one, message] : spool_.messages()) {
        EXPECT_NE(one, id(1));
        EXPECT_EQ(message->body.id.bytes[15], 1) << "the body is shared";
        EXPECT_EQ(message->envelope->accepted_as, id(1));
        EXPECT_EQ(message->envelope->recipients.size(), 1U);
        EXPECT_TRUE(message->state.finished.empty());
    }
}

TEST_F(DispatcherTest, MailRoutedByAnOlderSnapshotIsSplitOnArrival)
{
    start(snapshot("far.example"));
    spool_.store({make(1, {"b@far.example", "c@other.example"})});
    std::set<std::string> destinations{taker_.next().destination, taker_.next().destination};
    EXPECT_EQ(destinations,
              (std::set<std::string>{"hosts:smtp://relay.example:25", "mx:other.example"}));
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
}  // namespace hermetic::delivery
