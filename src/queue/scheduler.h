// Decides which messages go where, when, and on how many connections: on(events, now) → actions.
//
// Pure: no thread, no clock, no I/O; the same events at the same times give the same actions. Its
// times are by the queue's own clock (queue_time.h), which must not go back. Not
// thread-safe: the queue's thread owns it (dispatch/dispatcher.h). Specification §6.
//
// A message is in exactly one place: waiting in its sender's FIFO, deferred in its destination's
// heap, held, or under way. It is granted to one connection at a time, and comes back only by an
// event about it, so none is given out twice and none is forgotten.
#pragma once

#include "core/random.h"
#include "queue/connector_ages.h"
#include "queue/destination.h"
#include "queue/events.h"
#include "queue/listing.h"
#include "queue/pauses.h"
#include "queue/selection.h"
#include "queue/settings.h"
#include "queue/silent_share.h"
#include "queue/summary.h"
#include "queue/tables.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hermetic::queue {

// Items by id.
struct ItemIds {
    using Key = MessageId;
    const Slab& slab;
    [[nodiscard]] const MessageId& key(std::uint32_t slot) const { return slab[slot].id; }
    [[nodiscard]] static std::size_t spread(const MessageId& id)
    {
        return std::hash<MessageId>{}(id);
    }
};

class Scheduler {
public:
    Scheduler(const Settings& settings, std::uint64_t seed);
    Scheduler(const Scheduler&) = delete;  // its parts point at each other
    Scheduler& operator=(const Scheduler&) = delete;

    // Takes the events in order, then grants what can be granted. Unknown ids are ignored: what an
    // event is about may have ended meanwhile.
    [[nodiscard]] std::vector<GrantAction> on(std::span<const Event> events, WallTime now);

    // What on() wants ended beside its grants; each once.
    [[nodiscard]] std::vector<EndAction> take_ends() { return std::exchange(ends_, {}); }

    // on({}, t) has something to do at this time; nullopt: only events can change anything.
    [[nodiscard]] std::optional<WallTime> next_wake() const;

    // New numbers, from the next grant on.
    void configure(const Settings& settings);
    // Off: everything is taken note of, and nothing granted.
    enum class Granting : std::uint8_t { Off, On };
    void set_granting(Granting granting) { granting_ = granting; }

    // Destinations that get nothing until they are resumed: all of them, in place of those before.
    // What is under way there goes on; mail still expires, and its senders hear of the delay.
    void set_pauses(Pauses pauses, WallTime now);
    [[nodiscard]] const Pauses& pauses() const { return pauses_; }

    // The mail of the destinations whose route is `wanted`: what is deferred becomes due, what is
    // under way when it comes back; they back off no longer, nor for a failure that is under way.
    std::size_t retry_destinations(const std::function<bool(const routing::Route&)>& wanted,
                                   WallTime now);
    // Retry now: it becomes due where it is deferred, and its destination's back-off ends. The
    // grant comes with the next on(). False: it is not in a state for that.
    bool retry(const MessageId& id, WallTime now);
    // Due now where it is deferred; its destination keeps backing off.
    void make_due(const MessageId& id, WallTime now);

    // Takes a message out of the schedule, until Deferred or Finished tells of its new state. False
    // where it is not known, or under way already.
    [[nodiscard]] bool reserve(const MessageId& id, WallTime now);
    // Puts a reserved message back as it was: its change could not be recorded.
    void release(const MessageId& id, WallTime now);

    [[nodiscard]] std::optional<MessageRow> find(const MessageId& id) const;
    // At most `limit` more messages of the selection, having examined at most `examine` places.
    [[nodiscard]] std::vector<Found> select(const Selection& selection, std::size_t limit,
                                            std::size_t examine, Pass& pass) const;
    // Whether it is still one of the selection's; No where it is gone.
    [[nodiscard]] Selected is_selected(const Selection& selection, const MessageId& id) const;
    void summarize(const MessageId& id, Summary& summary) const;
    // Those with mail, and those that are paused; of one that is paused and has no mail its key
    // stands for the label.
    [[nodiscard]] std::vector<DestinationRow> destinations() const;
    [[nodiscard]] Totals totals() const;
    // Of connectors that have mail; O(connectors), and what has left since the last call.
    [[nodiscard]] std::vector<OldestRow> oldest_by_connector() { return ages_.oldest(); }
    // What a reload must answer anew, each once.
    [[nodiscard]] std::vector<routing::RouteQuestion> questions() const;
    // The messages with one of these questions.
    [[nodiscard]] std::vector<MessageId> with(
        const std::vector<routing::RouteQuestion>& questions) const;

private:
    struct ActiveGrant {
        std::uint32_t destination = kNone;
        std::uint32_t core = 0;
        bool settles = false;      // takes no connection
        bool silent = false;       // the peer is, and does not have the whole message
        bool kept_silent = false;  // the peer was, and has the whole message
        bool proved = false;       // its destination had answered, when it was opened
        Site site{};               // where, if so
        bool outdated = false;  // begun before retry_destinations(): its failure says nothing now
    };

    // scheduler_events.cc
    void apply(const Arrived& event, WallTime now);
    void apply(const Finished& event, WallTime now);
    void apply(const Deferred& event, WallTime now);
    void apply(const GrantEnded& event, WallTime now);
    void apply(const PeerChanged& event, WallTime now);
    void apply(const Rerouted& event, WallTime now);
    void learn(std::uint32_t destination, const GrantEnded& event, std::uint32_t active_before,
               WallTime now);
    void forget_connection(const ActiveGrant& grant, const GrantEnded& event);
    void give_back(const GrantEnded& event, WallTime now);
    void follow_new_route(std::uint32_t slot);
    void move_to(std::uint32_t slot, const routing::RoutePointer& route, WallTime now);

    // scheduler.cc: where an item is
    void place(std::uint32_t slot, WallTime now);
    void unplace(std::uint32_t slot);
    void erase(std::uint32_t slot);
    void join(std::uint32_t slot, const routing::RoutePointer& route);
    void leave(std::uint32_t slot);
    void make_due(std::uint32_t slot, WallTime now);
    void wake(std::uint32_t destination, WallTime now);
    void set_reason(Item& item, std::string_view reason);
    void refresh(std::uint32_t destination, WallTime now);
    void forget_idle();
    [[nodiscard]] std::optional<Pause> find_pause(const routing::Route& route) const;

    // scheduler_grants.cc
    // What an item remembers of its grant: of those that are open at a time no two have it in
    // common.
    [[nodiscard]] static std::uint32_t place_of(std::uint64_t grant)
    {
        return static_cast<std::uint32_t>(grant);
    }
    void promote(WallTime now);
    void sweep(std::uint32_t destination, WallTime now);
    void end_silent();
    [[nodiscard]] SilentLimits silent_limits() const;
    void grant_ready(WallTime now);
    [[nodiscard]] Ring next_ring() const;
    [[nodiscard]] bool has_room(Ring ring) const;
    [[nodiscard]] std::uint32_t share_of(double share) const;
    [[nodiscard]] bool is_proved(const Destination& destination) const;
    [[nodiscard]] Ring ring_of(std::uint32_t destination, WallTime now) const;
    void grant_one(std::uint32_t destination, Ring ring, WallTime now);
    enum class Connects : bool { No, Yes };
    GrantAction& open_grant(std::uint32_t destination, Connects connects);
    [[nodiscard]] std::optional<facts::Outcome> outcome_without_attempt(
        const Destination& destination, WallTime now) const;
    void put(GrantAction& grant, std::uint32_t slot);
    [[nodiscard]] std::uint32_t choose_core(std::uint32_t destination) const;
    [[nodiscard]] std::uint32_t batch(const Destination& destination) const;

    // scheduler_listing.cc
    [[nodiscard]] facts::Reason waits_for(const Item& item) const;
    [[nodiscard]] MessageView view(const Item& item) const;
    [[nodiscard]] MessageRow row(const Item& item) const;

    Granting granting_ = Granting::On;
    Settings settings_;
    WallTime now_{};  // of the last on()
    Random random_;
    Slab slab_;
    SlotIndex<ItemIds> index_{ItemIds{slab_}};
    Flows flows_{slab_};
    TextInterner senders_;
    TextInterner reasons_;
    Interner<routing::RouteQuestion, const routing::RouteQuestion&, routing::RouteQuestionHash>
        questions_;
    Destinations destinations_;
    ConnectorAges ages_{slab_, destinations_};
    Pauses pauses_;
    IndexedHeap times_;  // destinations by `due`
    std::unordered_map<std::uint64_t, ActiveGrant> grants_;
    std::vector<std::uint32_t> core_load_;  // grants per core
    std::uint32_t connections_ = 0;
    SilentShare silent_;                    // of these
    std::uint32_t unproved_ = 0;            // of these: opened to whoever had not answered
    std::map<Site, std::uint32_t> proved_;  // the others, by site
    std::uint64_t next_grant_ = 1;
    Totals totals_;
    std::unordered_map<std::uint32_t, routing::RoutePointer> reroutes_;  // by question
    std::vector<GrantAction> actions_;
    std::vector<EndAction> ends_;
};

}  // namespace hermetic::queue
