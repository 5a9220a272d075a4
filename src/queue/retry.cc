#include "queue/retry.h"

#include "facts/reasons.h"

#include <algorithm>

namespace hermetic::queue {

namespace {

WallTime plus(WallTime time, Duration wait)
{
    return time + std::chrono::duration_cast<WallTime::duration>(wait);
}

}  // namespace

RetrySchedule make_retry_schedule(const objects::Organization& organization)
{
    RetrySchedule schedule;
    if (!organization.retry_after.empty()) {
        schedule.after = organization.retry_after;
        // The last wait repeats: "hourly" belongs to the default schedule only.
        schedule.then = schedule.after.back();
        schedule.after.pop_back();
    }
    schedule.expiry = organization.expiry;
    schedule.expiry_tls = organization.expiry_tls;
    schedule.delay_notice = organization.delay_notice;
    schedule.delay_notice_tls = organization.delay_notice_tls;
    return schedule;
}

Duration retry_wait(const RetrySchedule& schedule, std::uint32_t attempts, Random& random)
{
    const std::size_t step = attempts == 0 ? 0 : attempts - 1;
    const Duration wait = step < schedule.after.size() ? schedule.after[step] : schedule.then;
    const double factor = 1.0 + schedule.jitter * (2.0 * random.unit() - 1.0);
    return Duration{static_cast<Duration::rep>(static_cast<double>(wait.count()) * factor)};
}

Duration longest_wait(const RetrySchedule& schedule)
{
    Duration longest = schedule.then;
    for (const Duration wait : schedule.after) longest = std::max(longest, wait);
    const double factor = 1.0 + schedule.jitter;
    return Duration{static_cast<Duration::rep>(static_cast<double>(longest.count()) * factor)};
}

bool is_ahead_of_time(const RetrySchedule& schedule, WallTime planned, WallTime now)
{
    constexpr Duration kClockError = std::chrono::seconds{1};  // between the queue and a core
    return planned > plus(now, kClockError) && planned <= plus(now, longest_wait(schedule));
}

WallTime next_attempt(const RetrySchedule& schedule, std::uint32_t attempts, const Waiting& waiting,
                      WallTime now, Random& random)
{
    const WallTime wanted = plus(now, retry_wait(schedule, attempts, random));
    return not_past_its_times(schedule, waiting, wanted, now);
}

WallTime not_past_its_times(const RetrySchedule& schedule, const Waiting& waiting, WallTime wanted,
                            WallTime now)
{
    WallTime next = std::min(wanted, expires_at(schedule, waiting));
    const WallTime notice = delay_notice_at(schedule, waiting);
    if (now < notice) next = std::min(next, notice);
    return std::max(now, next);
}

WallTime next_attempt(const RetrySchedule& schedule, std::uint32_t attempts, WallTime accepted_at,
                      WallTime now, Random& random)
{
    return next_attempt(schedule, attempts, Waiting{accepted_at, std::nullopt}, now, random);
}

TlsWord tls_word(const facts::Outcome& outcome)
{
    constexpr std::uint16_t kMailSystem = 3;  // X.3.Z of RFC 3463 §3.4
    constexpr std::uint16_t kSecurity = 7;    // X.7.Z
    if (facts::closes_session(outcome)) return TlsWord::Other;
    switch (outcome.stage) {
    case facts::Stage::StartTls:
    case facts::Stage::Handshake:
    case facts::Stage::Verify:
        return TlsWord::Failed;
    default:
        break;
    }
    const bool local = outcome.origin == facts::Origin::Local;
    // A host that the policy forbids for what DNS said of it (docs/policy/tls.md).
    if (local && outcome.stage == facts::Stage::Dns && outcome.enhanced.subject == kSecurity) {
        return TlsWord::Failed;
    }
    // A refusal in clear by nobody knows whom, where TLS is required.
    if (local && outcome.reason == facts::Reason::PeerUnproved) return TlsWord::Failed;
    return local && outcome.enhanced.subject == kMailSystem ? TlsWord::Nothing : TlsWord::Other;
}

std::optional<WallTime> tls_failing_since(std::optional<WallTime> before,
                                          const std::vector<TlsWord>& words, WallTime now)
{
    bool failed = false;
    for (const TlsWord word : words) {
        if (word == TlsWord::Other) return std::nullopt;
        failed = failed || word == TlsWord::Failed;
    }
    // A time to come was written by a clock that was wrong.
    if (before) before = std::min(*before, now);
    return failed ? before.value_or(now) : before;
}

WallTime expires_at(const RetrySchedule& schedule, const Waiting& waiting)
{
    const WallTime regular = plus(waiting.accepted_at, schedule.expiry);
    if (!waiting.tls_failing_since) return regular;
    return std::min(regular, plus(*waiting.tls_failing_since, schedule.expiry_tls));
}

bool is_expired(const RetrySchedule& schedule, const Waiting& waiting, WallTime now)
{
    return now >= expires_at(schedule, waiting);
}

WallTime delay_notice_at(const RetrySchedule& schedule, const Waiting& waiting)
{
    const WallTime regular = plus(waiting.accepted_at, schedule.delay_notice);
    if (!waiting.tls_failing_since) return regular;
    return std::min(regular, plus(*waiting.tls_failing_since, schedule.delay_notice_tls));
}

bool is_delay_notice_due(const RetrySchedule& schedule, const Waiting& waiting, WallTime now)
{
    return now >= delay_notice_at(schedule, waiting);
}

}  // namespace hermetic::queue
