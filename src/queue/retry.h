// When a message that could not be delivered is tried again, when it expires, and when its sender
// hears of the delay.
//
// Pure. Specification §6; RFC 5321 §4.5.4.1.
#pragma once

#include "core/random.h"
#include "core/time.h"
#include "facts/attempt.h"
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
    // Since when every attempt has failed for TLS; nullopt where the last outcome was anything
    // else. Shortens the waiting, never lengthens it.
    std::optional<WallTime> tls_failing_since;
};

// What a temporary outcome tells of TLS on the way to the peer.
enum class TlsWord : std::uint8_t {
    Failed,   // not offered, refused, no handshake, or not what the policy asks
    Other,    // the peer, or the way to it, had another trouble
    Nothing,  // the trouble was our own (4.3.x of ours, such as a stop): no word about the peer
};
[[nodiscard]] TlsWord tls_word(const facts::Outcome& outcome);

// Waiting::tls_failing_since after an attempt at `now`; `before` is what it was, `words` are those
// of the recipients that wait on. TLS counts where nobody waits for anything else: what a reply
// deferred keeps the long time.
[[nodiscard]] std::optional<WallTime> tls_failing_since(std::optional<WallTime> before,
                                                        const std::vector<TlsWord>& words,
                                                        WallTime now);

// The wait after `attempts` attempts (1 and more), jitter included.
[[nodiscard]] Duration retry_wait(const RetrySchedule& schedule, std::uint32_t attempts,
                                  Random& random);

// No wait is longer.
[[nodiscard]] Duration longest_wait(const RetrySchedule& schedule);

// An attempt at `now` that was not due before `planned` (somebody asked for it, or something that
// could help has changed) does not count: the schedule goes on as if it had not been made.
[[nodiscard]] bool is_ahead_of_time(const RetrySchedule& schedule, WallTime planned, WallTime now);

// After `attempts` attempts, the last of which ended at `now`. Never after expiry: the last attempt
// is made when the message expires. Nor does it pass over the time of the notice of delay: an
// attempt is made then, so that the notice is in time, and says how things are. Never before `now`.
[[nodiscard]] WallTime next_attempt(const RetrySchedule& schedule, std::uint32_t attempts,
                                    const Waiting& waiting, WallTime now, Random& random);
[[nodiscard]] WallTime next_attempt(const RetrySchedule& schedule, std::uint32_t attempts,
                                    WallTime accepted_at, WallTime now, Random& random);
// The same where the time is known already.
[[nodiscard]] WallTime not_past_its_times(const RetrySchedule& schedule, const Waiting& waiting,
                                          WallTime wanted, WallTime now);

// An attempt that ends at or after this time without success is the last one: the failure is final.
[[nodiscard]] WallTime expires_at(const RetrySchedule& schedule, const Waiting& waiting);
[[nodiscard]] bool is_expired(const RetrySchedule& schedule, const Waiting& waiting, WallTime now);

// From this time on an attempt that ends without success makes a notice of delay, once per message
// (spool::MessageState::delay_notified).
[[nodiscard]] WallTime delay_notice_at(const RetrySchedule& schedule, const Waiting& waiting);
[[nodiscard]] bool is_delay_notice_due(const RetrySchedule& schedule, const Waiting& waiting,
                                       WallTime now);

}  // namespace hermetic::queue
