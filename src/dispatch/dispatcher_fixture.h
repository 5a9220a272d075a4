// A dispatcher with a clock moved by hand, a spool in memory and a taker of grants. For tests only:
// included by the tests of the dispatcher alone.
#pragma once

#include "dispatch/dispatcher.h"
#include "ledger/log_fixture.h"
#include "metrics/metrics.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
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
    WallTime wall() const override;
    void advance(Duration time) { elapsed_ += time.count(); }
    void set_back(Duration time) { step_ -= time.count(); }

private:
    std::atomic<Duration::rep> elapsed_{0};
    std::atomic<Duration::rep> step_{0};
};

// Who asks.
inline const events::Actor kAlice{1000, "alice"};

class QuietLog final : public events::Publisher {
public:
    QuietLog();
    ~QuietLog() override;
    void publish(events::What what) override;
    void flush() override { ++flushes; }
    // The whole of it, and its name.
    std::string last_line() const;
    std::string last_event() const;
    std::atomic<int> notices = 0;
    std::atomic<int> events = 0;
    std::atomic<int> flushes = 0;

private:
    mutable std::mutex mutex_;
    std::string last_event_;
};

using Stored = std::shared_ptr<const spool::StoredMessage>;

// A spool in memory whose disk is quick: what is asked is done before the call returns, and told
// as the real one tells it. Made slow, it keeps changes that somebody waits for until catch_up().
class MemorySpool final : public spool::Spool {
public:
    std::string unreadable;  // why no message can be read; empty: they can
    explicit MemorySpool(spool::SpoolListener& listener);
    ~MemorySpool() override;

    void commit(std::vector<Stored> messages, spool::CommitOperation& done) override;
    void record(spool::Change change, spool::CommitOperation* done) override;
    // Until somebody waits for `count` changes.
    void wait_for(std::size_t count);
    std::size_t waiting() const;
    // Does what it has kept waiting; also its close() does.
    void catch_up();
    std::uint64_t epoch() const override { return 7; }
    std::vector<spool::Claimed> claim(std::size_t limit, std::optional<MessageId> after) override;
    void renew(std::span<const spool::Lease>) override {}
    void load(MessageId id, spool::LoadOperation& done) override;
    std::unique_ptr<spool::BodyWriter> write_body(BodyId, std::string) override { return nullptr; }
    std::unique_ptr<spool::BodyReader> open_body(const spool::Body&) override { return nullptr; }
    std::size_t body_file_threshold() const override { return 256 << 10; }
    spool::Pressure pressure() const override;
    spool::SpoolStatus status() const override { return {}; }
    void close() override { catch_up(); }

    // Until it has been asked once, it shows nothing; ready then.
    std::future<void> reopen();
    // As from an earlier run: to be claimed.
    void leave_behind(Stored message);
    bool store(std::vector<Stored> messages);
    std::map<MessageId, Stored> messages();
    std::atomic<bool> failing = false;
    std::atomic<bool> disk_fails = false;
    std::atomic<bool> slow = false;

private:
    spool::SpoolListener& listener_;
    mutable std::mutex mutex_;
    std::map<MessageId, Stored> messages_;
    std::set<MessageId> unclaimed_;
    bool reopening_ = false;
    std::promise<void> asked_in_vain_;
    std::condition_variable asked_;
    std::vector<std::pair<spool::Change, spool::CommitOperation*>> kept_waiting_;
};

class Taker final : public GrantTaker {
public:
    explicit Taker(MemorySpool& spool);
    ~Taker();

    void grant(std::vector<Grant> grants) override;
    void end(std::vector<std::uint64_t> grants) override;
    // The grant that is to end next; fails the test where none comes.
    std::uint64_t next_end();
    // The next grant; fails the test where none comes.
    Grant next();
    bool no_end();
    bool none();

private:
    // A copy in memory says what the spool says, or is not there.
    void expect_true_copies(const Grant& grant) const;

    MemorySpool& spool_;
    std::mutex mutex_;
    std::condition_variable came_;
    std::vector<Grant> grants_;
    std::vector<std::uint64_t> ends_;
};

class DispatcherTest : public testing::Test {
protected:
    explicit DispatcherTest(DispatcherSettings its_settings = settings());
    ~DispatcherTest() override;

    static DispatcherSettings settings();
    static objects::SnapshotPointer snapshot(const std::string& smart_host_for = "");
    void start(objects::SnapshotPointer objects = snapshot());
    // Routes may change, policies do not.
    void reload(objects::SnapshotPointer objects);
    Stored make(std::uint8_t number, std::vector<std::string> recipients,
                spool::MessageState state = {});
    static MessageId id(std::uint8_t number);
    // After the start message 1, to b@far.example, is under way: its grant.
    Grant start_under_way();
    // The same message, deferred, and the queue knows it.
    void start_deferred(Duration wait);
    // As delivery would: records and reports.
    void defer(const Grant& grant, Duration wait);
    void deliver(const Grant& grant);
    OperatorAnswer ask(const std::function<void(Dispatcher::Answer)>& call);
    // The answer is still to come.
    std::future<OperatorAnswer> begin_change(std::uint8_t number, MessageChange change);
    ListAnswer list(ListRequest request = {});
    ShowAnswer show(MessageId one);
    SelectionAnswer change_selected(SelectionChange request);
    CountAnswer count(queue::Selection selection, MessageChange::Kind change);
    queue::State state(std::uint8_t number);
    // As Alice asks for it.
    static MessageChange asked(MessageChange::Kind kind);
    static MessageChange asked(const spool::Approval& approval);
    static MessageChange asked(TellSender tell);
    OperatorAnswer hold(std::uint8_t number);
    OperatorAnswer approve(std::uint8_t number, const spool::Approval& approval);
    OperatorAnswer release(std::uint8_t number);
    OperatorAnswer remove(std::uint8_t number, TellSender tell);

    using Kind = OperatorAnswer::Kind;
    ManualClock clock_;
    metrics::Metrics metrics_;
    QuietLog log_;
    Dispatcher dispatcher_;
    MemorySpool spool_{dispatcher_};
    Taker taker_{spool_};
};

}  // namespace hermetic::dispatch::dispatcher_fixture
