// The dispatcher's thread and what it owns. Private to dispatch/dispatcher*.cc.
#pragma once

#include "core/ids.h"
#include "dispatch/dispatcher.h"
#include "dispatch/dispatcher_mailbox.h"
#include "dispatch/resident_messages.h"
#include "dispatch/route_table.h"
#include "queue/queue_time.h"
#include "queue/retry.h"
#include "queue/scheduler.h"

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace hermetic::dispatch {

// Spool operations that go on with a function, on the queue's thread.
template <typename Operation>
struct Then final : Operation {
    explicit Then(spool::CompletionPort& its_port) : Operation{its_port} {}
    void complete() override { go_on(); }
    std::function<void()> go_on;
};

// Something that waits for the spool. It lives until it has come, or the spool is closed.
class Pending {
public:
    virtual ~Pending() = default;
    // The thread ends: whoever waits is told.
    virtual void abandon() = 0;
};

[[nodiscard]] OperatorAnswer stopping_answer();

// A change of one message that an operator or a reload asked for: reserve, load, record.
struct MessageChange final : Pending {
    enum class Kind : std::uint8_t { Hold, Release, Approve, Remove, Split };

    MessageChange(spool::CompletionPort& port, MessageId its_id, Kind its_kind)
        : id{its_id}, kind{its_kind}, load{port}, read{port}, commit{port}
    {
    }
    void abandon() override
    {
        if (answer) answer(stopping_answer());
    }

    MessageId id;
    Kind kind;
    TellSender tell = TellSender::No;
    spool::Approval approval;   // for Approve
    Dispatcher::Answer answer;  // empty: nobody waits
    spool::Lease lease;
    std::shared_ptr<const spool::StoredMessage> message;
    std::unique_ptr<spool::BodyReader> body;
    Then<spool::LoadOperation> load;
    Then<spool::BodyOperation> read;
    Then<spool::CommitOperation> commit;
};

class Dispatcher::Impl final : public spool::CompletionPort {
public:
    Impl(DispatcherSettings settings, const Clock& clock, metrics::Metrics& metrics,
         ledger::Log& log);
    ~Impl();

    void start(spool::Spool& spool, std::vector<GrantTaker*> cores,
               objects::SnapshotPointer snapshot);
    void stop();
    // Runs on the queue's thread. False: it has ended.
    bool submit(std::function<void()> request);
    void post(std::vector<spool::Completion*> done) override;

    // Requests; on the queue's thread.
    void reload(objects::SnapshotPointer snapshot, const Concerns& concerns);
    void stop_granting() { granting_ = false; }  // from any thread
    // What the scheduler has, in wall time; nullopt: nothing.
    [[nodiscard]] std::optional<queue::MessageRow> find(const MessageId& id) const;
    void list(const ListRequest& request, const std::function<void(ListAnswer)>& answer);
    void show(const MessageId& id, const std::function<void(ShowAnswer)>& answer);
    [[nodiscard]] OperatorAnswer unknown_id() const;
    void retry(const MessageId& id, const Answer& answer);
    void retry(const queue::Filter& filter, const Answer& answer);
    void change(std::shared_ptr<MessageChange> change);
    [[nodiscard]] std::shared_ptr<MessageChange> make_change(const MessageId& id,
                                                             MessageChange::Kind kind);
    [[nodiscard]] std::vector<queue::DestinationRow> destinations() const;

    [[nodiscard]] queue::Totals totals() const;
    [[nodiscard]] bool claimed_all() const { return claimed_all_; }

    DispatcherMailbox mailbox;

private:
    // dispatcher.cc: the thread
    void run();
    void claim_all();
    void process(News news);
    void advance();
    [[nodiscard]] bool disk_fails() const;
    void hand_out(std::vector<queue::GrantAction> actions);
    void end_silent(const std::vector<queue::EndAction>& ends);
    void publish();
    [[nodiscard]] queue::Moment moment() const;
    [[nodiscard]] Duration until_next_wake() const;
    [[nodiscard]] bool finished() const;
    void answer_the_rest();

    // dispatcher_news.cc: news to events
    void admit(const MessageId& id, const spool::Lease& lease, const mail::Envelope& envelope,
               const spool::MessageState& state, std::uint64_t size);
    void note(const spool::Change& change);
    void note(GrantReport report);
    void note_gone(const MessageId& id);
    void follow_up();
    void retry_changed(const Concerns& concerns);
    // A message's times as the scheduler has them. `organization`: whose schedule counts, by name.
    struct Times {
        WallTime accepted_at{};
        WallTime next_attempt{};
        WallTime attention{};
    };
    [[nodiscard]] Times times_of(std::string_view organization, WallTime accepted_at,
                                 const spool::MessageState& state) const;
    void take_schedules(const objects::Snapshot& snapshot);
    [[nodiscard]] std::string_view keep(std::string text);

    // dispatcher_changes.cc: changes of one message
    void begin(const std::shared_ptr<MessageChange>& change);
    void loaded(const std::shared_ptr<MessageChange>& change);
    void record(const std::shared_ptr<MessageChange>& change, spool::Change what);
    void record_removal(const std::shared_ptr<MessageChange>& change, std::string_view bytes);
    void record_split(const std::shared_ptr<MessageChange>& change);
    void recorded(const std::shared_ptr<MessageChange>& change);
    void give_up(const std::shared_ptr<MessageChange>& change, std::string words);
    void end(const std::shared_ptr<MessageChange>& change);
    void split_more();
    [[nodiscard]] std::shared_ptr<const spool::StoredMessage> make_removal_notice(
        const MessageChange& change, std::string_view bytes);

    // Keeps whatever waits for the spool alive until its end; objects die after the batch.
    void keep_alive(const std::shared_ptr<Pending>& object)
    {
        alive_.emplace(object.get(), object);
    }
    [[nodiscard]] std::shared_ptr<MessageChange> alive(MessageChange* change);
    void let_go(Pending* object);

    DispatcherSettings settings_;
    const Clock& clock_;
    metrics::Metrics& metrics_;
    ledger::Log& log_;
    spool::Spool* spool_ = nullptr;
    std::vector<GrantTaker*> cores_;
    IdSource ids_;
    queue::QueueClock time_;  // the scheduler's
    queue::Scheduler scheduler_;
    queue::RetrySchedule schedule_;  // the first organization's
    std::map<std::string, queue::RetrySchedule, std::less<>> schedules_;  // of the others
    std::unique_ptr<RouteTable> routes_;
    ResidentMessages resident_;

    std::vector<queue::Event> events_;
    std::deque<std::string> kept_;       // texts that events_ view
    std::vector<MessageId> follow_ups_;  // came back with something to be done
    std::unordered_map<MessageId, std::shared_ptr<MessageChange>> after_attempt_;
    // Not used up yet. They end with the process: whether an attempt that a crash cut short had
    // used one, nobody knows.
    std::unordered_map<MessageId, spool::Approval> approvals_;
    std::unordered_set<MessageId> to_split_;  // known to need it
    std::deque<MessageId> splits_;            // waiting for their turn
    std::size_t splitting_ = 0;
    Instant no_split_before_{};  // after the spool refused one
    std::unordered_map<Pending*, std::shared_ptr<Pending>> alive_;
    std::vector<std::shared_ptr<Pending>> dying_;

    std::uint64_t outstanding_ = 0;  // grants
    std::atomic<bool> granting_ = true;
    bool stopping_ = false;
    Instant stop_by_ = Instant::max();

    std::atomic<bool> claimed_all_ = false;
    mutable std::mutex totals_mutex_;
    queue::Totals totals_;
    std::thread thread_;
};

}  // namespace hermetic::dispatch
