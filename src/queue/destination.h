// One destination (route key) as the scheduler keeps it, and the rings of those that are ready.
#pragma once

#include "queue/feedback.h"
#include "queue/flows.h"
#include "queue/indexed_heap.h"

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

namespace hermetic::queue {

// Which ring a destination waits in; served in this order, each up to its share of connections.
enum class Ring : std::uint8_t {
    First,    // has no connection yet
    Failing,  // has none, and failed last time
    More,     // has some and could use another
    None,     // not ready: nothing waits, it rests, or it has as many as it takes
    Idle,     // no message at all: kept for what is known about it, oldest forgotten first
};
inline constexpr std::size_t kRings = 5;
inline constexpr std::array kServed{Ring::First, Ring::Failing, Ring::More};  // in this order

struct Destination {
    std::string key;
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
    WallTime next_sweep{};           // not before this, and only while it rests
    WallTime due = WallTime::max();  // when the scheduler must look at it again
    std::uint32_t position = kNone;  // in the heap of destinations by `due`
    Ring ring = Ring::None;
    std::uint32_t next = kNone;  // in its ring; in the list of free ones
    std::uint32_t previous = kNone;
    bool in_use = false;
};

// All destinations, by key and by number; a number is stable while the destination is known.
class Destinations {
public:
    // Known or new; new ones begin with `feedback`.
    [[nodiscard]] std::uint32_t of(std::string_view key, const Feedback& feedback);
    [[nodiscard]] std::uint32_t find(std::string_view key) const;  // kNone: not known
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
    std::unordered_map<std::string_view, std::uint32_t> index_;
    std::array<List, kRings> rings_{};
    std::uint32_t free_ = kNone;
};

}  // namespace hermetic::queue
