// One message as the scheduler keeps it: flat, at most 104 octets; recipients stay on disk.
#pragma once

#include "core/ids.h"
#include "core/time.h"
#include "queue/events.h"

#include <cstdint>
#include <string_view>

namespace hermetic::queue {

// "No slot": the end of a list, or not in one.
inline constexpr std::uint32_t kNone = 0xffffffffU;

enum class State : std::uint8_t {
    Waiting,   // due: it gets its turn
    Deferred,  // not due yet
    Held,      // by an operator
    UnderWay,  // in a grant, or its outcome is being recorded
    Reserved,  // an operator's action is being recorded
};

[[nodiscard]] std::string_view name(State state);  // "waiting" …

struct Item {
    MessageId id;
    LeaseMark lease;
    WallTime accepted_at{};
    WallTime next_attempt{};
    WallTime attention = WallTime::max();
    std::uint64_t size = 0;
    std::uint32_t destination = kNone;
    std::uint32_t question = kNone;  // interned
    std::uint32_t sender = kNone;    // interned
    std::uint32_t reason = kNone;    // interned
    // While Waiting its flow, while Deferred its position in its destination's heap, while UnderWay
    // in a grant the low half of the grant's number.
    std::uint32_t place = kNone;
    std::uint32_t next = kNone;  // in its flow; in the list of free slots
    std::uint32_t previous = kNone;
    std::uint32_t attempts = 0;
    std::uint16_t recipients = 1;  // 65535: that or more
    State state = State::Waiting;
    bool was_held = false;  // before it was Reserved
    bool rerouted = false;  // while it was under way: takes its new route afterwards
    bool retried = false;   // while it was under way: it is due when it comes back
    bool aged = false;      // its connector's oldest is chosen among it and others
    bool in_use = false;
};

static_assert(sizeof(Item) <= 104, "a million queued messages are to fit into memory");

}  // namespace hermetic::queue
