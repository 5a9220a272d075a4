// A dispatcher with a clock moved by hand, a spool in memory and a taker of grants. For tests only:
// included by dispatcher_test.cc alone.
#pragma once

#include "core/text.h"
#include "dispatch/dispatcher.h"
#include "ledger/log.h"
#include "metrics/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <set>

namespace hermetic::dispatch::dispatcher_fixture {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

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
    void event(ledger::Level, std::string_view event, std::vector<Field>) override
    {
        const std::lock_guard lock{mutex_};
        ++events;
        last_event_ = event;
    }
    void reopen() override {}
    void flush() override { ++flushes; }
    std::string last_event() const
    {
        const std::lock_guard lock{mutex_};
        return last_event_;
    }
    std::atomic<int> notices = 0;
    std::atomic<int> events = 0;
    std::atomic<int> flushes = 0;

private:
    mutable std::mutex mutex_;
    std::string last_event_;
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
    explicit Taker(MemorySpool& spool) : spool_{spool} {}

    void grant(std::vector<Grant> grants) override
    {
        const std::lock_guard lock{mutex_};
        std::move(grants.begin(), grants.end(), std::back_inserter(grants_));
        came_.notify_all();
    }
    void end(std::vector<std::uint64_t> grants) override
    {
        const std::lock_guard lock{mutex_};
        ends_.insert(ends_.end(), grants.begin(), grants.end());
        came_.notify_all();
    }
    // The grant that is to end next; fails the test where none comes.
    std::uint64_t next_end()
    {
        std::unique_lock lock{mutex_};
        if (!came_.wait_for(lock, std::chrono::seconds{20}, [&] { return !ends_.empty(); })) {
            ADD_FAILURE() << "no end came";
            return 0;
        }
        const std::uint64_t end = ends_.front();
        ends_.erase(ends_.begin());
        return end;
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
        expect_true_copies(grant);
        return grant;
    }
    bool none()
    {
        const std::lock_guard lock{mutex_};
        return grants_.empty();
    }

private:
    // A copy in memory says what the spool says, or is not there.
    void expect_true_copies(const Grant& grant) const
    {
        const auto messages = spool_.messages();
        for (const GrantedMessage& one : grant.messages) {
            if (one.resident == nullptr) continue;
            const auto stored = messages.find(one.lease.id);
            ASSERT_NE(stored, messages.end());
            EXPECT_EQ(one.resident->state, stored->second->state)
                << "the copy of a message that was changed";
        }
    }

    MemorySpool& spool_;
    std::mutex mutex_;
    std::condition_variable came_;
    std::vector<Grant> grants_;
    std::vector<std::uint64_t> ends_;
};

class DispatcherTest : public testing::Test {
protected:
    explicit DispatcherTest(DispatcherSettings its_settings = settings())
        : dispatcher_{std::move(its_settings), clock_, metrics_, log_}
    {
    }
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
        contents.organizations.resize(1);
        contents.organizations[0].name = "Example";
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
    // Routes may change, policies do not.
    void reload(objects::SnapshotPointer objects)
    {
        dispatcher_.reload(std::move(objects), [](std::string_view) { return false; });
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
    OperatorAnswer approve(std::uint8_t number, const spool::Approval& approval)
    {
        return ask([&](auto answer) { dispatcher_.approve(id(number), approval, answer); });
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
    Dispatcher dispatcher_;
    MemorySpool spool_{dispatcher_};
    Taker taker_{spool_};
};

}  // namespace hermetic::dispatch::dispatcher_fixture
