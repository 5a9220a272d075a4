// What operators see of the queue, and how they name a part of it. Values only.
#pragma once

#include "core/ids.h"
#include "core/time.h"
#include "facts/attempt.h"
#include "queue/item.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::queue {

// Every field that is set must match.
struct Filter {
    std::optional<std::string> destination{};  // route key
    std::optional<std::string> domain{};       // of a recipient
    std::optional<std::string> sender{};       // "" is the null sender
    std::optional<std::string> reason{};       // of the last outcome
    std::optional<State> state{};
};

struct MessageRow {
    MessageId id;
    State state = State::Waiting;
    LeaseMark lease;
    std::string destination;
    std::string domain;
    std::string sender;
    std::string reason;
    std::uint64_t size = 0;
    std::uint32_t recipients = 0;
    std::uint32_t attempts = 0;
    WallTime accepted_at{};
    WallTime next_attempt{};  // not before this
    // Set while it waits because its destination is backing off: why that is.
    std::string waits_for;
};

struct Page {
    std::vector<MessageRow> rows;
    // Where the next page begins; nullopt: this was the last. Messages that come while an operator
    // turns pages may be missed, none is shown twice.
    std::optional<std::uint32_t> next;
};

struct DestinationRow {
    std::string key;
    std::uint32_t messages = 0;
    std::uint32_t waiting = 0;
    std::uint32_t deferred = 0;
    std::uint32_t held = 0;
    std::uint32_t under_way = 0;
    std::uint32_t connections = 0;
    std::uint32_t limit = 0;
    std::uint32_t failures = 0;  // in a row
    std::optional<WallTime> resting_until;
    std::string rest_reason;               // while it rests
    std::optional<WallTime> next_attempt;  // of its earliest deferred message
    std::optional<facts::Outcome> last_failure;
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
