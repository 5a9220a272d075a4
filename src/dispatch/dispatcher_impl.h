// The dispatcher's thread, what reaches it and what it owns. Private to dispatch/dispatcher*.cc.
#pragma once

#include "core/ids.h"
#include "dispatch/dispatcher.h"
#include "dispatch/grant.h"
#include "dispatch/message_change.h"
#include "dispatch/resident_messages.h"
#include "dispatch/route_table.h"
#include "dispatch/selection_change.h"
#include "net/core.h"
#include "net/deadline_wheel.h"
#include "net/event.h"
#include "net/task_group.h"
#include "queue/queue_time.h"
#include "queue/retry.h"
#include "queue/scheduler.h"

#include <atomic>
#include <deque>
#include <functional>
#include <future>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace hermetic::dispatch {

// What reaches the queue's thread, in vectors that are taken whole.
struct News {
    std::vector<std::shared_ptr<const spool::StoredMessage>> stored;
    std::vector<spool::Change> recorded;
    std::vector<GrantReport> reports;
    std::vector<queue::PeerChanged> peers;
    std::vector<std::function<void()>> requests;

    [[nodiscard]] bool empty() const
    {
        return stored.empty() && recorded.empty() && reports.empty() && peers.empty() &&
               requests.empty();
    }
};

// One mutex, and one wake-up per batch. Thread-safe.
class DispatcherMailbox {
public:
    // `wake` is called on the adding thread when the box stops being empty; it makes the queue's
    // thread call take(). Not under the lock, which that thread wants at once.
    explicit DispatcherMailbox(std::function<void()> wake) : wake_{std::move(wake)} {}

    // Moves the items behind those of `part`. False: closed, nothing was taken.
    template <typename T>
    bool add(std::vector<T> News::*part, std::vector<T> items)
    {
        bool first = false;
        {
            const std::lock_guard lock{mutex_};
            if (closed_) return false;
            const bool was_empty = news_.empty();
            auto& all = news_.*part;
            if (all.empty()) {
                all = std::move(items);
            } else {
                std::move(items.begin(), items.end(), std::back_inserter(all));
            }
            first = was_empty && !news_.empty();
        }
        if (first) wake_();
        return true;
    }

    // What has come; the next add() wakes again.
    [[nodiscard]] News take()
    {
        const std::lock_guard lock{mutex_};
        return std::exchange(news_, {});
    }

    // From now on nothing is taken in. What had come until then.
    [[nodiscard]] News close()
    {
        const std::lock_guard lock{mutex_};
        closed_ = true;
        return std::exchange(news_, {});
    }

private:
    std::function<void()> wake_;
    std::mutex mutex_;
    News news_;
    bool closed_ = false;
};

// Wakes the queue's thread when a time has come.
class Wake final : public net::Deadline {
public:
    explicit Wake(std::function<void()> on_time) : on_time_{std::move(on_time)} {}
    void on_expired() override { on_time_(); }
    void on_cancelled() override {}

private:
    std::function<void()> on_time_;
};

// Somebody who waits for the end of a message's attempt.
struct AttemptWait {
    void wake()
    {
        if (came_back) came_back->set();
    }
    MessageChange::Kind kind;  // what it waits to do
    std::optional<net::Event> came_back{};
    bool overruled = false;  // by a later request for the same message
    // What the attempt recorded. The scheduler has been told that the message is held, so that it
    // is not granted again before the request is done.
    std::optional<spool::Change> recorded{};
};

class Dispatcher::Impl {
public:
    Impl(DispatcherSettings settings, const Clock& clock, metrics::Metrics& metrics,
         events::Publisher& events);
    ~Impl();

    void start(spool::Spool& spool, std::vector<GrantTaker*> cores,
               objects::SnapshotPointer snapshot);
    void stop();
    // Runs on the queue's thread. False: it has stopped.
    bool submit(std::function<void()> request);

    // Requests; on the queue's thread.
    void reload(objects::SnapshotPointer snapshot, const Concerns& concerns);
    void stop_granting() { granting_ = false; }  // from any thread
    // What the scheduler has, in wall time; nullopt: nothing.
    [[nodiscard]] std::optional<queue::MessageRow> find(const MessageId& id) const;
    void list(const ListRequest& request, const std::function<void(ListAnswer)>& answer);
    void show(const MessageId& id, const std::function<void(ShowAnswer)>& answer);
    void count(queue::Selection selection, MessageChange::Kind change, std::uint32_t cursor,
               const std::function<void(CountAnswer)>& answer);
    void summary(queue::Selection selection, std::size_t limit,
                 const std::function<void(queue::Summary::Rows)>& answer);
    void change_selected(SelectionChange request,
                         const std::function<void(SelectionAnswer)>& answer);
    void view(const MessageId& id, ViewPart part, const events::Actor& by,
              const std::function<void(ViewAnswer)>& answer);
    void pause(const std::string& destination, const std::string& why, const events::Actor& by,
               const Answer& answer);
    void resume(const std::string& destination, const events::Actor& by, const Answer& answer);
    void change(MessageId id, MessageChange change, Answer answer);
    [[nodiscard]] std::vector<queue::DestinationRow> destinations() const;

    [[nodiscard]] queue::Totals totals() const;
    [[nodiscard]] std::vector<ConnectorAge> connector_ages() const;
    [[nodiscard]] bool claimed_all() const { return claimed_all_; }

    DispatcherMailbox mailbox;

private:
    using Stored = std::shared_ptr<const spool::StoredMessage>;
    class Reservation;

    // dispatcher.cc: the thread
    [[nodiscard]] net::Task<> claim_all();
    [[nodiscard]] net::Task<> shut_down();
    void process(News news);
    void advance();
    void on_time();
    void wake_in_time();
    [[nodiscard]] bool disk_fails() const;
    void hand_out(std::vector<queue::GrantAction> actions);
    void end_silent(const std::vector<queue::EndAction>& ends);
    void publish();
    [[nodiscard]] queue::Moment moment() const;

    // dispatcher_news.cc: news to events
    void admit(const MessageId& id, const spool::Lease& lease, const mail::Envelope& envelope,
               const spool::MessageState& state, std::uint64_t size);
    void note(const spool::Change& change);
    void take_in(const spool::Change& change);
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
    [[nodiscard]] QueueFacts facts_of(const MessageId& id) const;
    [[nodiscard]] net::Task<> change_message(MessageId id, MessageChange change, Answer answer);
    [[nodiscard]] net::Task<OperatorAnswer> remove_unread(MessageId id, events::Actor by,
                                                          spool::Lease lease);
    [[nodiscard]] net::Task<> split_message(MessageId id);
    enum class AttemptEnd : std::uint8_t { CameBack, Ended };
    struct AfterAttempt {
        AttemptEnd end = AttemptEnd::Ended;
        std::optional<spool::Change> recorded;
    };
    [[nodiscard]] net::Task<AfterAttempt> wait_for_attempt(MessageId id, MessageChange::Kind kind);
    void withdraw(const MessageId& id);
    [[nodiscard]] net::Task<> split_next(MessageId id);
    [[nodiscard]] net::Task<Result<Stored, std::string>> load(MessageId id);
    [[nodiscard]] net::Task<std::string> read_beginning(spool::Body body, std::size_t octets);
    [[nodiscard]] net::Task<spool::Durability> commit(spool::Change change);
    [[nodiscard]] settlement::Settlement open_settlement(const spool::StoredMessage& message,
                                                         const spool::Lease& lease) const;
    [[nodiscard]] OperatorAnswer unread(const std::string& error) const;
    [[nodiscard]] OperatorAnswer unrecorded() const;
    void publish_change(const MessageId& id, const MessageChange& change,
                        const mail::Envelope& envelope);
    void split_more();

    // dispatcher_listing.cc
    [[nodiscard]] net::Task<> add_rows(ListRequest request, std::function<void(ListAnswer)> answer);
    [[nodiscard]] net::Task<> add_message(ShowAnswer shown, std::function<void(ShowAnswer)> answer);
    [[nodiscard]] net::Task<> add_text(ViewPart part, MessageId id, events::Actor by,
                                       std::function<void(ViewAnswer)> answer);

    // dispatcher_selection.cc
    struct FoundAll {
        std::optional<std::uint32_t> next{};  // the place of the next one; nullopt: there is none
        std::uint64_t unread = 0;             // nobody knows whether they are of the selection
    };
    // Calls use() with up to `limit` messages, in parts between which deliveries go on.
    [[nodiscard]] net::Task<FoundAll> find_all(queue::Selection selection, std::uint32_t cursor,
                                               std::uint64_t limit,
                                               std::function<void(const MessageId&)> use);
    // AskRecipients: they cannot be read.
    [[nodiscard]] net::Task<queue::Selected> has_recipient(MessageId id, std::string pattern);
    [[nodiscard]] net::Task<> count_all(queue::Selection selection, std::uint32_t cursor,
                                        std::function<void(CountAnswer)> answer);
    [[nodiscard]] net::Task<> summarize(queue::Selection selection, std::size_t limit,
                                        std::function<void(queue::Summary::Rows)> answer);
    [[nodiscard]] net::Task<> change_all(SelectionChange request,
                                         std::function<void(SelectionAnswer)> answer);
    [[nodiscard]] net::Task<> change_some(const SelectionChange& request,
                                          std::vector<MessageId> ids, SelectionCounts& counts);
    [[nodiscard]] OperatorAnswer retry_now(const MessageId& id, const MessageChange& change);
    // The same, published.
    [[nodiscard]] OperatorAnswer retry_one(const MessageId& id, const MessageChange& change);
    [[nodiscard]] queue::Selection in_queue_time(queue::Selection selection) const;

    // dispatcher_pauses.cc
    [[nodiscard]] OperatorAnswer set_pauses(queue::Pauses pauses);
    void take_pauses(const queue::Pauses& pauses);
    [[nodiscard]] std::uint64_t messages_of(std::string_view key) const;
    [[nodiscard]] const std::string& first_organization() const;

    DispatcherSettings settings_;
    const Clock& clock_;
    metrics::Metrics& metrics_;
    events::Publisher& publisher_;
    spool::Spool* spool_ = nullptr;
    std::vector<GrantTaker*> cores_;
    queue::QueueClock time_;  // the scheduler's
    queue::Scheduler scheduler_;
    queue::RetrySchedule schedule_;  // the first organization's
    std::map<std::string, queue::RetrySchedule, std::less<>> schedules_;  // of the others
    std::unique_ptr<RouteTable> routes_;
    ResidentMessages resident_;

    std::vector<queue::Event> events_;
    std::deque<std::string> kept_;       // texts that events_ view
    std::vector<MessageId> follow_ups_;  // came back with something to be done
    std::unordered_map<MessageId, AttemptWait*> after_attempt_;
    // Being changed: reserved in the scheduler until their coroutine ends. What the spool has
    // recorded of them meanwhile, if it has.
    std::unordered_map<MessageId, std::optional<spool::Change>> changing_;
    // Not used up yet. They end with the process: whether an attempt that a crash cut short had
    // used one, nobody knows.
    std::unordered_map<MessageId, spool::Approval> approvals_;
    std::unordered_set<MessageId> to_split_;  // known to need it
    std::deque<MessageId> splits_;            // waiting for their turn
    std::size_t splitting_ = 0;
    bool ownerless_ = false;         // there is no organization: nothing is granted or split
    Instant no_split_before_{};      // after the spool refused one
    std::uint64_t outstanding_ = 0;  // grants
    std::atomic<bool> granting_ = true;
    bool stopped_ = false;  // the spool is asked for nothing more
    Instant stop_by_ = Instant::max();

    std::atomic<bool> claimed_all_ = false;
    mutable std::mutex totals_mutex_;
    queue::Totals totals_;                  // under the mutex
    std::vector<queue::OldestRow> oldest_;  // too
    std::once_flag stop_once_;
    std::promise<void> shut_down_;
    std::thread thread_;

    // Last, so that they end first: coroutines that still wait for something use what is above.
    net::Core core_;
    net::Event all_came_back_{core_};
    Wake wake_;
    net::TaskGroup tasks_;
};

}  // namespace hermetic::dispatch
