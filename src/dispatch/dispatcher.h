// The queue's thread: hears what was stored, recorded and attempted, and grants messages to the
// cores.
//
// It owns a queue::Scheduler, which decides; this file only carries: the spool's and the cores'
// news in, grants out, operators' requests both ways. Everything crosses in batches, with one
// wake-up each.
//
// Threading: every public function may be called from any thread, except where it says otherwise.
// Callbacks are called exactly once, on the queue's thread (of requests after stop(): on the
// caller's); they must not block. Order of life: constructed, spool opened with it as listener,
// start(), …, stop(), spool closed, destroyed.
#pragma once

#include "dispatch/grant.h"
#include "dispatch/message_change.h"
#include "dispatch/selection_change.h"
#include "objects/snapshot.h"
#include "queue/listing.h"
#include "queue/pauses.h"
#include "queue/selection.h"
#include "queue/settings.h"
#include "queue/summary.h"
#include "routing/route.h"
#include "spool/spool.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::events {
class Publisher;
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
    queue::Pauses pauses;    // at the start
    // Makes them durable before they hold, on the queue's thread; the error is for people.
    std::function<Result<void, std::string>(const queue::Pauses&)> save_pauses =
        [](const queue::Pauses&) { return Result<void, std::string>{}; };
};

struct ListRequest {
    queue::Selection selection;
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
    // Where the next page begins; nullopt: this was the last. Messages that come while an operator
    // turns pages may be missed, none is shown twice. A page may be short and yet not the last:
    // what must be read to be found is read in parts.
    std::optional<std::uint32_t> next{};
    // Messages whose recipients were asked for and could not be read: nobody knows whether they are
    // of the selection. Here and below.
    std::uint64_t unread = 0;
};

struct CountAnswer {
    std::uint64_t messages = 0;
    std::optional<std::uint32_t> next{};  // as ListAnswer's: the count goes on there
    WallTime as_of{};       // what is accepted later is not in it (Selection::accepted_by)
    bool complete = false;  // all that the spool had at start is in the queue
    std::uint64_t unread = 0;
};

// The text of a message, or its beginning.
struct ViewAnswer {
    OperatorAnswer::Kind kind = OperatorAnswer::Kind::Done;  // or NotFound, Refused, Stopping …
    std::string words;                                       // of a refusal
    std::string header;                                      // raw, with its last line's end
    std::string body;        // raw; empty where only the header is wanted
    std::uint64_t size = 0;  // of the whole message
    bool whole = false;      // nothing was left out at the end
};
enum class ViewPart : std::uint8_t { Header, Message };

struct ShowAnswer {
    std::optional<queue::MessageRow> row;                 // nullopt: not in the queue; see error
    std::shared_ptr<const spool::StoredMessage> message;  // null: could not be read; see error
    std::string
        error;  // without a row: why nobody can say yet; "" where it is not there for certain
    std::optional<spool::Approval> approval{};  // of its next attempt, while it is not used up
};

// Since when the oldest message waits for an outbound connector, or is being delivered by it.
struct ConnectorAge {
    queue::ConnectorName name;
    Duration age{};
};

class Dispatcher final : public spool::SpoolListener, public GrantReports {
public:
    Dispatcher(DispatcherSettings settings, const Clock& clock, metrics::Metrics& metrics,
               events::Publisher& events);
    ~Dispatcher();
    Dispatcher(const Dispatcher&) = delete;
    Dispatcher& operator=(const Dispatcher&) = delete;

    // Starts the thread, which first claims what the spool has from before. One taker per core;
    // they and the spool outlive stop().
    void start(spool::Spool& spool, std::vector<GrantTaker*> cores,
               objects::SnapshotPointer snapshot);

    // From now on routes and times follow this snapshot; messages whose route changes are moved and
    // tried at once, and split where their recipients' routes part. So is the mail of the routes
    // that the change `concerns` (outbound/route_policy.h), which is asked on the queue's thread.
    using Concerns = std::function<bool(const routing::Route&)>;
    void reload(objects::SnapshotPointer snapshot, Concerns concerns);

    // No more grants, but those being handed out just now. stop() does it too.
    void stop_granting();
    // Waits for grants under way, at most stop_wait. What was not reported by then is claimed at
    // the next start. From its return on cores and spool are asked for nothing; a change that the
    // spool has been asked for already is answered when the spool has answered, at its close at the
    // latest. The thread ends with this object.
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
    // Durable before the answer, but for a retry. An approval: one attempt of it, made at once, may
    // go below its TLS policy; refused where REQUIRETLS asks for that. Who and why must be said.
    // The permission itself ends with the attempt, or with the process: what a crash cut short is
    // not made again so. A removal's notice is in the same durable change.
    void change(MessageId id, MessageChange change, Answer answer);

    // How many messages the change would be made of; a part of them where the answer has `next`.
    void count(queue::Selection selection, MessageChange::Kind change, std::uint32_t cursor,
               std::function<void(CountAnswer)> answer);
    // The whole queue by destination and reason, at most `limit` rows. Recipients are not read.
    void summary(queue::Selection selection, std::size_t limit,
                 std::function<void(queue::Summary::Rows)> answer);
    // Changes the messages of a selection, each as a change of its own.
    void change_selected(SelectionChange request, std::function<void(SelectionAnswer)> answer);
    // That somebody reads it is published before the answer.
    void view(MessageId id, ViewPart part, events::Actor by,
              std::function<void(ViewAnswer)> answer);

    // No connection is opened to the destination with this label (queue::parse_destination()), or
    // with this key, until it is resumed; deliveries under way go on. Durable before the answer,
    // whose count is of the messages that wait for it.
    void pause(std::string destination, std::string why, events::Actor by, Answer answer);
    void resume(std::string destination, events::Actor by, Answer answer);

    // As of the last batch.
    [[nodiscard]] queue::Totals totals() const;
    // The same; of connectors with mail, what is held left out.
    [[nodiscard]] std::vector<ConnectorAge> connector_ages() const;
    // False until everything that the spool had at start is in the queue.
    [[nodiscard]] bool claimed_all() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace hermetic::dispatch
