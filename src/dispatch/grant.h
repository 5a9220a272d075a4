// What the queue's thread and the cores' delivery say to each other.
//
// The queue decides which messages go to which destination when, and how many connections it may
// have; a core's delivery carries a grant out and reports. Values only; everything crosses in
// batches.
#pragma once

#include "core/ip.h"
#include "core/time.h"
#include "facts/attempt.h"
#include "queue/events.h"
#include "routing/route.h"
#include "spool/spool.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace hermetic::dispatch {

struct GrantedMessage {
    spool::Lease lease;
    // The message itself while it is still in memory; null: to be loaded from the spool.
    std::shared_ptr<const spool::StoredMessage> resident;
    // From when its times count; nullopt: as its envelope says (settlement::Settlement).
    std::optional<WallTime> accepted_at{};
    // This attempt may go below its TLS policy, which an operator has approved; the permission is
    // used up with it. What the spool says of an approval is a record of it, and permits nothing.
    std::optional<spool::Approval> approval{};
};

// Permission to use one connection to a destination for these messages, in this order.
struct Grant {
    std::uint64_t id = 0;
    routing::RoutePointer route;  // of all messages
    std::vector<GrantedMessage> messages;
    // Set: the destination failed like this a moment ago and still backs off, but these messages
    // have come to their expiry or notice of delay. No connection is made: each message is recorded
    // as if an attempt at it had just ended so.
    std::optional<facts::Outcome> settle;
};

// Ends a grant. Every message of it has been recorded in the spool by then (the record may still be
// under way: the spool's listener tells the queue), except those in `untouched` and `gone`.
struct GrantReport {
    std::uint64_t id = 0;
    std::uint32_t delivered = 0;
    std::uint32_t deferred = 0;
    std::uint32_t failed = 0;
    // No host could be used at all: the destination backs off, the messages in `untouched` with it.
    std::optional<facts::Outcome> destination_failure;
    // A peer asked for less (421, 450 4.7.x "too many connections", refused connection beside
    // others that work): the queue lowers the destination's concurrency.
    bool slow_down = false;
    // The last message that a peer was spoken to about was answered by it, to the end; from where.
    bool answered = false;
    IpAddress peer{};
    std::vector<MessageId> untouched;  // give them out again
    std::vector<MessageId> gone;       // the spool does not have them any more
};

// One per core. grant() may be called from the queue's thread.
class GrantTaker {
public:
    virtual void grant(std::vector<Grant> grants) = 0;
    // These end, by their number, where their peers are still silent and do not have the whole
    // message: queue::EndAction. May be called as grant().
    virtual void end(std::vector<std::uint64_t> grants) = 0;

protected:
    ~GrantTaker() = default;
};

// The queue's thread. May be called from any core.
class GrantReports {
public:
    virtual void ended(std::vector<GrantReport> reports) = 0;
    // Peers that have fallen silent, or are heard again.
    virtual void peers_changed(std::vector<queue::PeerChanged> changes) = 0;

protected:
    ~GrantReports() = default;
};

}  // namespace hermetic::dispatch
