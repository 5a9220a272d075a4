// Publisher and Subscriber: the two ends of the node's one stream of events.
//
// Pure: interfaces. The stream itself is ledger/stream.h.
#pragma once

#include "core/time.h"
#include "events/events.h"

#include <cstdint>
#include <span>

namespace hermetic::events {

struct Event {
    WallTime time{};
    // Of this node, ascending in the order of publication, also across restarts unless the wall
    // clock was set back meanwhile.
    std::uint64_t sequence = 0;
    What what;
};

class Publisher {
public:
    virtual ~Publisher() = default;
    // From any thread. Waits for no subscriber; when they cannot keep up, events are lost, and that
    // is an event (EventsLost).
    virtual void publish(What what) = 0;
    // Blocks until every subscriber has taken, or lost, what was published before.
    virtual void flush() = 0;
};

// In the order of sequence; valid during the call.
using Batch = std::span<const Event* const>;

class Subscriber {
public:
    virtual ~Subscriber() = default;
    // By one thread at a time, batch after batch.
    virtual void take(Batch batch) = 0;
};

}  // namespace hermetic::events
