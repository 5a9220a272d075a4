#include "queue/feedback.h"

#include "facts/reasons.h"

#include <algorithm>

namespace hermetic::queue {

namespace {

WallTime back_off_until(WallTime now, Duration back_off, const Settings& settings, Random& random)
{
    const double factor = 1.0 + settings.back_off_jitter * (2.0 * random.unit() - 1.0);
    const auto wait =
        Duration{static_cast<Duration::rep>(static_cast<double>(back_off.count()) * factor)};
    return now + std::chrono::duration_cast<WallTime::duration>(wait);
}

void back_off_briefly(Feedback& feedback, facts::Reason reason, const Settings& settings,
                      WallTime now, Random& random)
{
    if (feedback.backing_off(now)) return;
    feedback.back_off_until = back_off_until(now, settings.slow_down_back_off, settings, random);
    feedback.back_off_reason = reason;
}

double most_connections(const Settings& settings)
{
    return std::max(1.0, static_cast<double>(settings.connections_per_destination));
}

}  // namespace

facts::Reason Feedback::why_backing_off(WallTime now) const
{
    if (!backing_off(now)) return {};
    if (back_off_reason != facts::Reason::None || !last_failure) return back_off_reason;
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
        back_off_briefly(feedback, facts::Reason::QueueAskedForLess, settings, now, random);
}

void on_nothing_done(Feedback& feedback, const Settings& settings, WallTime now, Random& random)
{
    back_off_briefly(feedback, facts::Reason::QueueNothingDone, settings, now, random);
}

void on_failure(Feedback& feedback, const facts::Outcome& outcome, const Settings& settings,
                WallTime now, Random& random)
{
    feedback.last_failure = outcome;
    feedback.back_off_reason = {};
    feedback.limit = 1;  // one connection finds out whether it is back
    if (feedback.failures > 0 && feedback.backing_off(now)) return;
    const std::size_t step = std::min<std::size_t>(feedback.failures, settings.back_off.size() - 1);
    ++feedback.failures;
    feedback.back_off_until = back_off_until(now, settings.back_off[step], settings, random);
}

void forget(Feedback& feedback, const Settings& settings)
{
    feedback = make_feedback(settings);
}

}  // namespace hermetic::queue
