// The queue's thread: hears what was stored, recorded and attempted, and grants messages to the
// cores.
//
// It owns a queue::Scheduler, which decides; this file only carries: the spool's and the cores'
// news in, grants out, operators' requests both ways. Everything crosses in batches, with one
// wake-up each.
//
// Threading: every public function may be called from any thread, except where it says otherwise.
// Callbacks are called exactly once, on the queue's thread (after stop(): on the caller's); they
// must not block. Order of life: constructed, spool opened with it as listener, start(), …, stop(),
// spool closed, destroyed.
#pragma once

#include "dispatch/grant.h"
#include "objects/snapshot.h"
#include "queue/listing.h"
#include "queue/settings.h"
#include "spool/spool.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::ledger {
class Log;
}
namespace hermetic::metrics {
class Metrics;
}

namespace hermetic::dispatch {

struct DispatcherSettings {
    queue::Settings queue;  // cores: set by start()
    std::string hostname;   // for notices about removed messages
    std::uint64_t resident_octets = 64U
                                    << 20;  // fresh messages kept in memory until they are granted
    std::uint32_t claim_batch = 2000;
    Duration stop_wait = std::chrono::seconds{30};  // for grants under way
    std::uint64_t seed = 1;  // of jitter and ids: core/random.h random_seed()
};

// What became of an operator's request.
struct OperatorAnswer {
    enum class Kind : std::uint8_t {
        Done,          // durable, where it changes anything
        AfterAttempt,  // under way: will be done when the attempt ends, unless that ends the
                       // message
        NotFound,
        Starting,  // not among what has been read from the spool so far
        Refused,   // makes no sense for its state, or could not be recorded: `words` say why
        Stopping,
    };
    Kind kind = Kind::Done;
    std::uint64_t count = 0;  // messages affected
    std::string words;        // one sentence for people
};

struct ListRequest {
    queue::Filter filter;
    std::size_t limit = 100;  // at most 1000; with details at most 200
    std::uint32_t cursor = 0;
    enum class Details : std::uint8_t { No, Yes } details = Details::No;
};

struct ListRow {
    queue::MessageRow row;
    // With details, where the message could be read; printable.
    std::vector<std::string> recipients;  // those that still wait; at most 20
    std::string last_host;
    std::string last_text;
};

struct ListAnswer {
    std::vector<ListRow> rows;
    std::optional<std::uint32_t> next;
};

struct ShowAnswer {
    std::optional<queue::MessageRow> row;                 // nullopt: not in the queue; see error
    std::shared_ptr<const spool::StoredMessage> message;  // null: could not be read; see error
    std::string
        error;  // without a row: why nobody can say yet; "" where it is not there for certain
    std::optional<spool::Approval> approval{};  // of its next attempt, while it is not used up
};

enum class TellSender : std::uint8_t { No, Yes };

class Dispatcher final : public spool::SpoolListener, public GrantReports {
public:
    Dispatcher(DispatcherSettings settings, const Clock& clock, metrics::Metrics& metrics,
               ledger::Log& log);
    ~Dispatcher();
    Dispatcher(const Dispatcher&) = delete;
    Dispatcher& operator=(const Dispatcher&) = delete;

    // Starts the thread, which first claims what the spool has from before. One taker per core;
    // they and the spool outlive stop().
    void start(spool::Spool& spool, std::vector<GrantTaker*> cores,
               objects::SnapshotPointer snapshot);

    // From now on routes and times follow this snapshot; messages whose route changes are moved and
    // tried at once, and split where their recipients' routes part. So is the mail of the routes
    // that the change `concerns` (delivery/route_policy.h), which is asked on the queue's thread.
    using Concerns = std::function<bool(std::string_view route_key)>;
    void reload(objects::SnapshotPointer snapshot, Concerns concerns);

    // No more grants, but those being handed out just now. stop() does it too.
    void stop_granting();
    // Waits for grants under way, at most stop_wait, and ends the thread. What was not reported by
    // then is claimed at the next start.
    void stop();

    // spool::SpoolListener and GrantReports
    void on_stored(std::vector<std::shared_ptr<const spool::StoredMessage>> messages) override;
    void on_recorded(std::vector<spool::Change> changes) override;
    void ended(std::vector<GrantReport> reports) override;
    void peers_changed(std::vector<queue::PeerChanged> changes) override;

    void list(ListRequest request, std::function<void(ListAnswer)> answer);
    void destinations(std::function<void(std::vector<queue::DestinationRow>)> answer);
    void show(MessageId id, std::function<void(ShowAnswer)> answer);

    using Answer = std::function<void(OperatorAnswer)>;
    void retry(MessageId id, Answer answer);
    void retry(queue::Filter filter, Answer answer);
    void hold(MessageId id, Answer answer);
    void release(MessageId id, Answer answer);
    // One attempt of it, made at once, may go below its TLS policy; refused where REQUIRETLS asks
    // for that. Who and why must be said; both are durable before the answer. The permission itself
    // ends with the attempt, or with the process: what a crash cut short is not made again so.
    void approve(MessageId id, spool::Approval approval, Answer answer);
    // With TellSender::Yes the notice is in the same durable change.
    void remove(MessageId id, TellSender tell, Answer answer);

    // As of the last batch.
    [[nodiscard]] queue::Totals totals() const;
    // False until everything that the spool had at start is in the queue.
    [[nodiscard]] bool claimed_all() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace hermetic::dispatch
