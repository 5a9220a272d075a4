// One destination (a route) as the scheduler keeps it, and the rings of those that are ready.
#pragma once

#include "queue/feedback.h"
#include "queue/flows.h"
#include "queue/indexed_heap.h"
#include "queue/pauses.h"
#include "queue/silent_share.h"
#include "routing/route.h"

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

namespace hermetic::queue {

// Which ring a destination waits in; each is served up to its share of connections, the first two
// in turn, then the others in this order.
enum class Ring : std::uint8_t {
    Proved,   // has no connection; its peer answered last time
    New,      // has none, and has answered nothing yet
    Failing,  // has none, and failed last time
    More,     // has some and could use another
    None,     // not ready: nothing waits, it backs off, or it has as many as it takes
    Idle,     // no message at all: kept for what is known about it, oldest forgotten first
};
inline constexpr std::size_t kRings = 6;
// In this order.
inline constexpr std::array kServed{Ring::Proved, Ring::New, Ring::Failing, Ring::More};

// What its last connection has shown: who has answered the message, to the end, has proved to be
// there.
enum class Standing : std::uint8_t {
    Unknown,
    Answered,
    KeptSilent,  // it took a message and never answered
};

struct Destination {
    routing::RoutePointer route;  // with the label of its last answer
    Feedback feedback;
    SenderRing senders;          // due messages
    IndexedHeap deferred;        // messages that are not due yet
    std::uint32_t messages = 0;  // in any state
    std::uint32_t held = 0;
    std::uint32_t under_way = 0;  // granted, being recorded, reserved
    std::uint32_t active = 0;     // connections granted
    std::uint32_t silent = 0;     // of these: the peer is silent, and not after a final dot
    std::uint32_t settling = 0;   // grants that take no connection
    std::uint32_t last_core = kNone;
    Standing standing = Standing::Unknown;
    Site site{};                      // where it answered last
    WallTime next_sweep{};            // not before this, while it backs off or is paused
    WallTime due = WallTime::max();   // when the scheduler must check it again
    std::uint32_t position = kNone;   // in the heap of destinations by `due`
    std::uint32_t connector = kNone;  // its route's (connector_ages.h)
    Ring ring = Ring::None;
    std::uint64_t turn = 0;      // in its ring: ascending, by when it came to its end
    std::uint32_t next = kNone;  // in its ring; in the list of free ones
    std::uint32_t previous = kNone;
    std::optional<Pause> pause;  // by an operator
    bool in_use = false;
};

// All destinations, by route and by number; a number is stable while the destination is known.
class Destinations {
public:
    // Known or new; new ones begin with `feedback`.
    [[nodiscard]] std::uint32_t of(const routing::RoutePointer& route, const Feedback& feedback);
    // It must have no message, be in no ring and not in the heap of times.
    void remove(std::uint32_t id);

    [[nodiscard]] Destination& operator[](std::uint32_t id) { return all_[id]; }
    [[nodiscard]] const Destination& operator[](std::uint32_t id) const { return all_[id]; }
    [[nodiscard]] std::uint32_t end() const { return static_cast<std::uint32_t>(all_.size()); }

    // Puts it at the end of a ring, or takes it out (Ring::None). In the ring already: stays.
    void move(std::uint32_t id, Ring ring);
    // Puts it at the end of the ring it is in: its turn is over.
    void rotate(std::uint32_t id);
    [[nodiscard]] std::uint32_t front(Ring ring) const { return rings_[index(ring)].head; }
    [[nodiscard]] std::uint32_t count(Ring ring) const { return rings_[index(ring)].count; }

private:
    struct List {
        std::uint32_t head = kNone;
        std::uint32_t tail = kNone;
        std::uint32_t count = 0;
    };
    static std::size_t index(Ring ring) { return static_cast<std::size_t>(ring); }
    void unlink(std::uint32_t id);
    void append(std::uint32_t id, Ring ring);

    std::deque<Destination> all_;
    std::unordered_map<routing::RoutePointer, std::uint32_t, routing::RouteHash,
                       routing::RouteEqual>
        index_;
    std::array<List, kRings> rings_{};
    std::uint32_t free_ = kNone;
    std::uint64_t next_turn_ = 0;
};

}  // namespace hermetic::queue
