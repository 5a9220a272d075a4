// When a message that could not be delivered is tried again, when it expires, and when its sender
// hears of the delay.
//
// Pure. Specification §6; RFC 5321 §4.5.4.1.
#pragma once

#include "core/random.h"
#include "core/time.h"
#include "objects/objects.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace hermetic::queue {

// The next host at once is delivery's business; this is about the next attempt.
struct RetrySchedule {
    std::vector<Duration> after{std::chrono::minutes{1}, std::chrono::minutes{5},
                                std::chrono::minutes{15}, std::chrono::minutes{15},
                                std::chrono::minutes{30}};  // the first after the first attempt
    Duration then = std::chrono::hours{1};                  // when `after` is used up
    double jitter = 0.1;                                    // share of the wait, either way
    Duration expiry = std::chrono::hours{24 * 5};
    Duration expiry_tls = std::chrono::hours{24};
    Duration delay_notice = std::chrono::hours{4};
    Duration delay_notice_tls = std::chrono::hours{1};
    bool operator==(const RetrySchedule&) const = default;
};

[[nodiscard]] RetrySchedule make_retry_schedule(const objects::Organization& organization);

// What the times of one message depend on.
struct Waiting {
    WallTime accepted_at{};
    // Since when every attempt has ended in a TLS policy failure; nullopt where the last outcome
    // was anything else.
    std::optional<WallTime> tls_failing_since;
};

// The wait after `attempts` attempts (1 and more), jitter included.
[[nodiscard]] Duration retry_wait(const RetrySchedule& schedule, std::uint32_t attempts,
                                  Random& random);

// After `attempts` attempts, the last of which ended at `now`. Never after expiry: the last attempt
// is made when the message expires. Never before `now`.
[[nodiscard]] WallTime next_attempt(const RetrySchedule& schedule, std::uint32_t attempts,
                                    const Waiting& waiting, WallTime now, Random& random);
[[nodiscard]] WallTime next_attempt(const RetrySchedule& schedule, std::uint32_t attempts,
                                    WallTime accepted_at, WallTime now, Random& random);

// An attempt that ends at or after this time without success is the last one: the failure is final.
[[nodiscard]] WallTime expires_at(const RetrySchedule& schedule, const Waiting& waiting);
[[nodiscard]] bool is_expired(const RetrySchedule& schedule, const Waiting& waiting, WallTime now);

// From this time on an attempt that ends without success makes a notice of delay, once per message
// (spool::MessageState::delay_notified).
[[nodiscard]] WallTime delay_notice_at(const RetrySchedule& schedule, const Waiting& waiting);
[[nodiscard]] bool is_delay_notice_due(const RetrySchedule& schedule, const Waiting& waiting,
                                       WallTime now);

}  // namespace hermetic::queue
