// One message on its way within a grant: who still waits for it, what became of whom, and the
// settlement at the end.
#pragma once

#include "core/time.h"
#include "delivery/settle.h"
#include "facts/attempt.h"
#include "outbound/connection.h"
#include "spool/spool.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::outbound {
class NextHopClient;
class Office;
}  // namespace hermetic::outbound

namespace hermetic::delivery {

class Parcel {
public:
    // `accepted_at`: as in GrantedMessage.
    Parcel(std::shared_ptr<const spool::StoredMessage> message, spool::Lease lease,
           std::optional<WallTime> accepted_at, WallTime started, Instant began);

    // Sends recipients whose route is no longer `destination` another way: into messages of their
    // own, in the same atomic change (docs/adr: splits); a message that goes another way as a whole
    // stays what it is.
    void split(const objects::Snapshot& snapshot, const std::string& destination, IdSource& ids,
               WallTime now);

    [[nodiscard]] const spool::StoredMessage& message() const { return *message_; }
    [[nodiscard]] const mail::Envelope& envelope() const { return *message_->envelope; }

    // Indexes of recipients that are still to be tried, in order.
    std::vector<std::uint32_t> to_try;

    void set_outcome(std::uint32_t index, facts::Outcome outcome, const std::string& host,
                     HandedTo handed_to);
    // For everybody in to_try who has no outcome yet.
    void set_remaining(const facts::Outcome& outcome, const std::string& host);

    // What the attempt says about its connection and its hosts. Cheap where a connection is reused.
    void describe(const outbound::Connection& connection, const outbound::NextHopClient& next_hop);
    void describe(const outbound::NextHopClient& next_hop);
    void add_rungs(std::vector<facts::Rung> rungs);

    // Nobody is tried: it is settled with the destination's last failure.
    void settle_only() { made_ = Made::No; }
    // The attempt goes below policy: the message's approval is used up with it.
    void use_approval() { approval_used_ = true; }

    // Settles, logs, counts and records. `header` is of a message whose body is a file.
    struct Counts {
        std::uint32_t delivered = 0;  // recipients
        std::uint32_t deferred = 0;
        std::uint32_t failed = 0;
    };
    Counts conclude(outbound::Office& office, report::NoticeLimit& limit,
                    const std::string& destination, std::string_view header);
    [[nodiscard]] bool may_make_notice() const;

private:
    enum class Made : std::uint8_t { No, Yes };

    void complete_attempt(const std::string& destination, Instant now);

    std::shared_ptr<const spool::StoredMessage> message_;
    spool::Lease lease_;
    std::optional<WallTime> accepted_at_;
    WallTime started_;
    Instant began_;
    std::vector<RecipientEnd> ends_;
    std::vector<std::uint32_t> moved_;
    std::vector<std::shared_ptr<const spool::StoredMessage>> splits_;
    facts::Attempt attempt_;
    bool approval_used_ = false;
    Made made_ = Made::Yes;
    std::optional<mail::RequiredTls> required_tls_;
};

}  // namespace hermetic::delivery
