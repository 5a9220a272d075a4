#include "queue/feedback.h"

#include "facts/reasons.h"

#include <algorithm>

namespace hermetic::queue {

namespace {

WallTime rest_until(WallTime now, Duration rest, const Settings& settings, Random& random)
{
    const double factor = 1.0 + settings.rest_jitter * (2.0 * random.unit() - 1.0);
    const auto wait =
        Duration{static_cast<Duration::rep>(static_cast<double>(rest.count()) * factor)};
    return now + std::chrono::duration_cast<WallTime::duration>(wait);
}

void rest_for_a_moment(Feedback& feedback, facts::Reason reason, const Settings& settings,
                       WallTime now, Random& random)
{
    if (feedback.resting(now)) return;
    feedback.resting_until = rest_until(now, settings.slow_down_rest, settings, random);
    feedback.rest_reason = reason;
}

double most_connections(const Settings& settings)
{
    return std::max(1.0, static_cast<double>(settings.connections_per_destination));
}

}  // namespace

facts::Reason Feedback::why_resting(WallTime now) const
{
    if (!resting(now)) return {};
    if (rest_reason != facts::Reason::None || !last_failure) return rest_reason;
    return last_failure->reason;
}

Feedback make_feedback(const Settings& settings)
{
    Feedback feedback;
    feedback.limit = std::clamp(settings.initial_concurrency, 1.0, most_connections(settings));
    return feedback;
}

void on_answers(Feedback& feedback, LimitUsed used, const Settings& settings)
{
    if (feedback.failures > 0) {
        feedback = make_feedback(settings);
        return;
    }
    feedback.last_failure.reset();
    if (used == LimitUsed::No) return;
    const double step = feedback.limit < feedback.known_good ? 1.0 : 0.1;
    feedback.limit = std::min(feedback.limit + step / feedback.limit, most_connections(settings));
}

void on_slow_down(Feedback& feedback, std::uint32_t settled, const Settings& settings, WallTime now,
                  Random& random)
{
    feedback.limit = std::max(1.0, feedback.limit / 2);
    feedback.known_good = feedback.limit;
    if (settled == 0)
        rest_for_a_moment(feedback, facts::Reason::QueueAskedForLess, settings, now, random);
}

void on_nothing_done(Feedback& feedback, const Settings& settings, WallTime now, Random& random)
{
    rest_for_a_moment(feedback, facts::Reason::QueueNothingDone, settings, now, random);
}

void on_failure(Feedback& feedback, const facts::Outcome& outcome, const Settings& settings,
                WallTime now, Random& random)
{
    feedback.last_failure = outcome;
    feedback.rest_reason = {};
    feedback.limit = 1;  // one connection finds out whether it is back
    if (feedback.failures > 0 && feedback.resting(now)) return;
    const std::size_t step = std::min<std::size_t>(feedback.failures, settings.rest.size() - 1);
    ++feedback.failures;
    feedback.resting_until = rest_until(now, settings.rest[step], settings, random);
}

void forget(Feedback& feedback, const Settings& settings)
{
    feedback = make_feedback(settings);
}

}  // namespace hermetic::queue
