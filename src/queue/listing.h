// What operators see of the queue. Values only; what they mean of it: selection.h.
#pragma once

#include "core/ids.h"
#include "core/time.h"
#include "facts/attempt.h"
#include "queue/item.h"
#include "queue/pauses.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::queue {

struct MessageRow {
    MessageId id;
    State state = State::Waiting;
    LeaseMark lease;
    routing::RoutePointer route;
    routing::RouteQuestion question;
    std::string sender;
    std::string reason;
    std::uint64_t size = 0;
    std::uint32_t recipients = 0;
    std::uint32_t attempts = 0;
    WallTime accepted_at{};
    WallTime next_attempt{};  // not before this
    // Why it waits beside its own time: that its destination is paused, or backs off for longer
    // than the message waits, both also before it is due; once it is due, which connections are in
    // use.
    std::string waits_for;
    std::optional<Pause> pause;  // its destination's, while it lasts
};

struct DestinationRow {
    // Of one that is paused and has no mail its label alone (Scheduler::destinations()).
    routing::RoutePointer route;
    std::uint32_t messages = 0;
    std::uint32_t waiting = 0;
    std::uint32_t deferred = 0;
    std::uint32_t held = 0;
    std::uint32_t under_way = 0;
    std::uint32_t connections = 0;
    std::uint32_t limit = 0;
    std::uint32_t failures = 0;  // in a row
    std::optional<WallTime> back_off_until;
    std::string back_off_reason;           // while it backs off
    std::optional<WallTime> next_attempt;  // of its earliest deferred message
    std::optional<facts::Outcome> last_failure;
    std::optional<Pause> pause;
};

// An outbound connector.
struct ConnectorName {
    std::string organization;
    std::string connector;
    bool operator==(const ConnectorName&) const = default;
};

// A connector with mail that waits or is under way; what is held does not count.
struct OldestRow {
    std::shared_ptr<const ConnectorName> name;
    WallTime accepted_at{};  // of its oldest message
};

struct Totals {
    std::uint64_t messages = 0;
    std::uint64_t waiting = 0;
    std::uint64_t deferred = 0;
    std::uint64_t held = 0;
    std::uint64_t under_way = 0;
    std::uint32_t destinations = 0;  // with messages
    std::uint32_t connections = 0;
    bool operator==(const Totals&) const = default;
};

}  // namespace hermetic::queue
