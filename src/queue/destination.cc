#include "queue/destination.h"

#include "core/assert.h"
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

std::uint32_t Destinations::of(const routing::RoutePointer& route, const Feedback& feedback)
{
    if (const auto known = index_.find(route); known != index_.end()) return known->second;
    std::uint32_t id = free_;
    if (id == kNone) {
        id = static_cast<std::uint32_t>(all_.size());
        all_.emplace_back();
    } else {
        free_ = all_[id].next;
        all_[id] = Destination{};
    }
    Destination& destination = all_[id];
    destination.route = route;
    destination.feedback = feedback;
    destination.in_use = true;
    index_.emplace(route, id);
    return id;
}

void Destinations::remove(std::uint32_t id)
{
    Destination& destination = all_[id];
    HERMETIC_ASSERT(destination.messages == 0 && destination.ring == Ring::None &&
                    destination.position == kNone);
    index_.erase(destination.route);
    destination = Destination{};
    destination.next = free_;
    free_ = id;
}

void Destinations::unlink(std::uint32_t id)
{
    Destination& destination = all_[id];
    List& list = rings_[index(destination.ring)];
    (destination.previous == kNone ? list.head : all_[destination.previous].next) =
        destination.next;
    (destination.next == kNone ? list.tail : all_[destination.next].previous) =
        destination.previous;
    destination.next = destination.previous = kNone;
    --list.count;
}

void Destinations::append(std::uint32_t id, Ring ring)
{
    List& list = rings_[index(ring)];
    Destination& destination = all_[id];
    destination.ring = ring;
    destination.turn = next_turn_++;
    destination.previous = list.tail;
    (list.tail == kNone ? list.head : all_[list.tail].next) = id;
    list.tail = id;
    ++list.count;
}

void Destinations::move(std::uint32_t id, Ring ring)
{
    if (all_[id].ring == ring) return;
    if (all_[id].ring != Ring::None) unlink(id);
    all_[id].ring = Ring::None;
    if (ring != Ring::None) append(id, ring);
}

void Destinations::rotate(std::uint32_t id)
{
    const Ring ring = all_[id].ring;
    if (ring == Ring::None) return;
    unlink(id);
    append(id, ring);
}

}  // namespace hermetic::queue
