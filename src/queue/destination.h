// One destination (a route) as the scheduler keeps it, what its answers teach about it, and the
// rings of those that are ready. Pure.
#pragma once

#include "core/random.h"
#include "core/time.h"
#include "facts/attempt.h"
#include "queue/flows.h"
#include "queue/indexed_heap.h"
#include "queue/pauses.h"
#include "queue/settings.h"
#include "queue/silent_share.h"
#include "routing/route.h"

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

namespace hermetic::queue {

// What a destination's answers teach about it: how many connections it takes, and when it backs
// off. Concurrency grows by one for each full round of good answers and halves when the peer asks
// for less, as TCP does, and is then slow to grow; a destination where no host can be used backs
// off, longer each time.
struct Feedback {
    double limit = 0;            // connections; its whole part counts
    double known_good = 1e9;     // what it took when it last asked for less: growth is slow above
    std::uint32_t failures = 0;  // of the destination as a whole, in a row
    WallTime back_off_until{};
    facts::Reason back_off_reason{};  // None: last_failure has it
    std::optional<facts::Outcome> last_failure;

    [[nodiscard]] bool backing_off(WallTime now) const { return back_off_until > now; }
    // Why it backs off; None: it does not.
    [[nodiscard]] facts::Reason why_backing_off(WallTime now) const;
    [[nodiscard]] std::uint32_t connections() const { return static_cast<std::uint32_t>(limit); }
};

[[nodiscard]] Feedback make_feedback(const Settings& settings);

// The peer answered. A limit that was not used up is no evidence that more would be taken.
enum class LimitUsed : bool { No, Yes };
void on_answers(Feedback& feedback, LimitUsed used, const Settings& settings);

// The peer asked for less; `settled` of the grant's messages had an answer all the same.
void on_slow_down(Feedback& feedback, std::uint32_t settled, const Settings& settings, WallTime now,
                  Random& random);

// A grant came back as it went: a short back-off, no conclusion about the peer.
void on_nothing_done(Feedback& feedback, const Settings& settings, WallTime now, Random& random);

// No host could be used. While it backs off for a failure already, late reports of other
// connections neither count nor prolong that; the last of them says why it backs off.
void on_failure(Feedback& feedback, const facts::Outcome& outcome, const Settings& settings,
                WallTime now, Random& random);

// An operator, or a change of configuration, says that it may work now.
void forget(Feedback& feedback, const Settings& settings);

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
