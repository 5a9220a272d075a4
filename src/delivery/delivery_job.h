// One message on its way within a grant: who still waits for it, what became of whom, and the
// settlement at the end.
#pragma once

#include "core/time.h"
#include "delivery/host_outcome.h"
#include "facts/attempt.h"
#include "outbound/connection.h"
#include "policy/tls_policy.h"
#include "routing/route.h"
#include "settlement/settle.h"
#include "spool/spool.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::outbound {
class NextHopClient;
class Context;
}  // namespace hermetic::outbound

namespace hermetic::delivery {

class DeliveryJob {
public:
    // `accepted_at`: as in GrantedMessage.
    DeliveryJob(std::shared_ptr<const spool::StoredMessage> message, spool::Lease lease,
                std::optional<WallTime> accepted_at, WallTime started, Instant began);

    // Sends recipients whose route is no longer `route` another way: into messages of their
    // own, in the same atomic change (docs/adr: splits); a message that goes another way as a whole
    // stays what it is.
    void split(const objects::Snapshot& snapshot, const routing::Route& route, IdSource& ids,
               WallTime now);

    [[nodiscard]] const spool::StoredMessage& message() const { return *message_; }
    [[nodiscard]] const mail::Envelope& envelope() const { return *message_->envelope; }

    // Indexes of recipients that are still to be tried, in order.
    std::vector<std::uint32_t> to_try;

    // Leaves what is known of the recipient already where that counts (judge_host()).
    HostVerdict set_outcome(std::uint32_t index, facts::Outcome outcome, const std::string& host,
                            settlement::HandedTo handed_to);
    // For everybody in to_try, as the outcome at no host.
    void set_waiting(const facts::Outcome& outcome);
    // For everybody in to_try who has no outcome yet.
    void set_remaining(const facts::Outcome& outcome, const std::string& host);
    // What everybody in to_try needs was not offered to them, and nothing else is known of them.
    [[nodiscard]] bool all_are_unfit() const;
    // Of everybody in to_try: what no host offers that was asked, one that was not may offer.
    void defer_unfit();

    // What the attempt says about its connection and its hosts. Cheap where a connection is reused.
    void describe(const outbound::Connection& connection, const outbound::NextHopClient& next_hop);
    // The same where open() failed; where everybody has another host's outcome already, that host
    // stays named.
    void describe_failure(const outbound::NextHopClient& next_hop);
    // The most TLS that was asked for at any host, also where no outcome is its.
    void add_required(const outbound::NextHopClient& next_hop);
    // Where no host is known: what the route asks of any.
    void describe(const policy::TlsDecision& decision);
    void add_attempt_steps(std::vector<facts::AttemptStep> steps);
    // The step that made the connection, where this is its first use.
    void add_step(const outbound::Connection& connection);

    // Nobody is tried: it is settled with the destination's last failure.
    void settle_only() { made_ = Made::No; }
    // The attempt goes below policy: the message's approval is used up with it.
    void use_approval() { settlement_.approval_used = true; }

    // Settles, logs, counts and records. `header` is of a message whose body is a file.
    settlement::Counts conclude(outbound::Context& context, report::NoticeLimit& limit,
                                const routing::Route& route, std::string_view header);
    [[nodiscard]] bool may_make_notice() const;

private:
    enum class Made : std::uint8_t { No, Yes };

    void describe(const outbound::NextHopClient& next_hop);
    [[nodiscard]] bool has_outcome(std::uint32_t index) const;
    void complete_attempt(const routing::Route& route, Instant now);

    std::shared_ptr<const spool::StoredMessage> message_;
    settlement::Settlement settlement_;  // what is known of it so far
    Instant began_;
    facts::Attempt attempt_;
    Made made_ = Made::Yes;
};

}  // namespace hermetic::delivery
