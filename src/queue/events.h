// What the scheduler is told, and what it answers. Values only.
//
// Views in events need to be valid only during Scheduler::on().
#pragma once

#include "core/ids.h"
#include "core/time.h"
#include "facts/attempt.h"
#include "queue/silent_share.h"
#include "routing/route.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace hermetic::queue {

// The right to change a message, as the spool gave it. The queue only carries it.
struct LeaseMark {
    std::uint64_t epoch = 0;
    WallTime until = WallTime::max();
    bool operator==(const LeaseMark&) const = default;
};

// Stored or claimed. A message that is known already is left alone.
struct Arrived {
    MessageId id;
    LeaseMark lease;
    routing::RoutePointer route;
    routing::RouteQuestion question;  // what the route follows from
    std::string_view sender;          // "" for the null sender
    std::uint64_t size = 0;
    std::uint32_t recipients = 1;
    std::uint32_t attempts = 0;
    WallTime accepted_at{};
    WallTime next_attempt{};
    WallTime attention = WallTime::max();  // its notice of delay or its expiry, whichever is next
    std::string_view reason;               // of the last outcome; "" where none
    bool held = false;
};

// Its end is durable.
struct Finished {
    MessageId id;
};

// Its new state is durable: after an attempt, or a hold or release.
struct Deferred {
    MessageId id;
    std::uint32_t attempts = 0;
    WallTime next_attempt{};
    WallTime attention = WallTime::max();
    std::string_view reason;
    bool held = false;
};

struct GrantEnded {
    std::uint64_t id = 0;
    // The peer's last word of the last message was its own: it was there to the end.
    bool answered = false;
    Site site{};                // where it answered
    std::uint32_t settled = 0;  // messages the peer, or we, had an answer for
    std::optional<facts::Outcome> destination_failure;
    bool slow_down = false;
    std::vector<MessageId> untouched;
};

// What the peer of a grant's connection does has changed.
struct PeerChanged {
    std::uint64_t grant = 0;
    Peer peer = Peer::Speaks;
    Site site{};
};

// The answer to these is another from now on.
struct Rerouted {
    std::vector<std::pair<routing::RouteQuestion, routing::RoutePointer>> routes;
};

using Event = std::variant<Arrived, Finished, Deferred, GrantEnded, PeerChanged, Rerouted>;

// Permission to use one connection on a core.
struct GrantAction {
    struct Message {
        MessageId id;
        LeaseMark lease;
        WallTime accepted_at{};
    };
    std::uint64_t id = 0;
    std::uint32_t core = 0;
    routing::RoutePointer route;  // of all messages
    std::vector<Message> messages;
    std::optional<facts::Outcome> settle;  // dispatch/grant.h
};

// This grant's connection is to end as if its peer's time were up, if the peer is still silent and
// does not have the whole message: others need its place.
struct EndAction {
    std::uint64_t grant = 0;
    std::uint32_t core = 0;
};

}  // namespace hermetic::queue
