#include "queue/scheduler.h"

#include "core/assert.h"
#include "queue/heap_access.h"

#include <algorithm>
#include <utility>

namespace hermetic::queue {

Scheduler::Scheduler(const Settings& settings, std::uint64_t seed) : random_{seed}
{
    configure(settings);
}

void Scheduler::configure(const Settings& settings)
{
    HERMETIC_ASSERT(settings.cores > 0 && !settings.back_off.empty() && settings.grant_maximum > 0);
    settings_ = settings;
    if (core_load_.size() < settings.cores) core_load_.resize(settings.cores, 0);
}

std::vector<GrantAction> Scheduler::on(std::span<const Event> events, WallTime now)
{
    now_ = now;
    for (const Event& event : events) {
        std::visit([&](const auto& one) { apply(one, now); }, event);
    }
    promote(now);
    end_silent();
    if (granting_ == Granting::On) grant_ready(now);
    forget_idle();
    return std::exchange(actions_, {});
}

std::optional<WallTime> Scheduler::next_wake() const
{
    std::optional<WallTime> wake;
    if (!times_.empty()) wake = destinations_[times_.top()].due;
    return wake;
}

void Scheduler::place(std::uint32_t slot, WallTime now)
{
    Item& item = slab_[slot];
    Destination& destination = destinations_[item.destination];
    if (item.state != State::Held) ages_.add(slot);
    if (item.state == State::Held) {
        ++destination.held;
        ++totals_.held;
    } else if (item.next_attempt <= now) {
        item.state = State::Waiting;
        flows_.push(destination.senders, slot, Flows::End::Back);
        ++totals_.waiting;
    } else {
        item.state = State::Deferred;
        destination.deferred.push(ItemTimes{slab_}, slot);
        ++totals_.deferred;
    }
}

void Scheduler::unplace(std::uint32_t slot)
{
    Item& item = slab_[slot];
    Destination& destination = destinations_[item.destination];
    switch (item.state) {
    case State::Waiting:
        flows_.remove(destination.senders, slot);
        --totals_.waiting;
        break;
    case State::Deferred:
        destination.deferred.remove(ItemTimes{slab_}, slot);
        --totals_.deferred;
        break;
    case State::Held:
        --destination.held;
        --totals_.held;
        break;
    case State::UnderWay:
    case State::Reserved:
        --destination.under_way;
        --totals_.under_way;
        item.place = kNone;
        break;
    }
}

// Binds an item that is in no place to a destination.
void Scheduler::join(std::uint32_t slot, const routing::RoutePointer& route)
{
    const std::uint32_t id = destinations_.of(route, make_feedback(settings_));
    slab_[slot].destination = id;
    Destination& destination = destinations_[id];
    if (destination.messages++ > 0) return;
    ++totals_.destinations;
    destination.route = route;
    destination.connector = ages_.number_of(*route);
    destination.pause = find_pause(*route);
}

void Scheduler::leave(std::uint32_t slot)
{
    slab_[slot].aged = false;
    if (--destinations_[slab_[slot].destination].messages == 0) --totals_.destinations;
}

void Scheduler::erase(std::uint32_t slot)
{
    const Item& item = slab_[slot];
    index_.remove(item.id);
    senders_.release(item.sender);
    questions_.release(item.question);
    reasons_.release(item.reason);
    leave(slot);
    slab_.remove(slot);
    --totals_.messages;
}

void Scheduler::set_reason(Item& item, std::string_view reason)
{
    const std::uint32_t before = item.reason;
    item.reason = reasons_.acquire(reason);
    if (before != kNone) reasons_.release(before);
}

Ring Scheduler::ring_of(std::uint32_t id, WallTime now) const
{
    const Destination& destination = destinations_[id];
    const Feedback& feedback = destination.feedback;
    if (destination.messages == 0 && destination.active + destination.settling == 0) {
        return Ring::Idle;
    }
    const bool ready = destination.senders.waiting > 0 && !feedback.backing_off(now) &&
                       !destination.pause && destination.silent == 0 &&
                       destination.active < feedback.connections();
    if (!ready) return Ring::None;
    if (destination.active > 0) {
        const SilentShare::Place place{id, destination.site};
        return silent_.has_part_left(place, silent_limits().share) ? Ring::More : Ring::None;
    }
    if (feedback.failures > 0 || destination.standing == Standing::KeptSilent) return Ring::Failing;
    return destination.standing == Standing::Answered ? Ring::Proved : Ring::New;
}

// Brings a destination's ring and its place among the times up to date.
void Scheduler::refresh(std::uint32_t id, WallTime now)
{
    Destination& destination = destinations_[id];
    const bool waiting = destination.senders.waiting > 0;
    const bool backing_off = destination.feedback.backing_off(now);

    destinations_.move(id, ring_of(id, now));

    WallTime due = WallTime::max();
    if (!destination.deferred.empty()) due = slab_[destination.deferred.top()].next_attempt;
    if (waiting && backing_off) due = std::min(due, destination.feedback.back_off_until);
    if (waiting && (backing_off || destination.pause)) due = std::min(due, destination.next_sweep);
    destination.due = due;
    const DestinationTimes times{destinations_};
    if (due == WallTime::max()) {
        if (destination.position != kNone) times_.remove(times, id);
    } else if (destination.position == kNone) {
        times_.push(times, id);
    } else {
        times_.update(times, id);
    }
}

void Scheduler::forget_idle()
{
    while (destinations_.count(Ring::Idle) > settings_.idle_destinations) {
        const std::uint32_t oldest = destinations_.front(Ring::Idle);
        destinations_.move(oldest, Ring::None);
        destinations_.remove(oldest);
    }
}

bool Scheduler::reserve(const MessageId& id, WallTime now)
{
    const std::uint32_t slot = index_.find(id);
    if (slot == kNone) return false;
    Item& item = slab_[slot];
    if (item.state == State::UnderWay || item.state == State::Reserved) return false;
    item.was_held = item.state == State::Held;
    unplace(slot);
    item.state = State::Reserved;
    ++destinations_[item.destination].under_way;
    ++totals_.under_way;
    refresh(item.destination, now);
    return true;
}

void Scheduler::release(const MessageId& id, WallTime now)
{
    const std::uint32_t slot = index_.find(id);
    if (slot == kNone || slab_[slot].state != State::Reserved) return;
    unplace(slot);
    slab_[slot].state = slab_[slot].was_held ? State::Held : State::Waiting;
    place(slot, now);
    refresh(slab_[slot].destination, now);
}

void Scheduler::make_due(std::uint32_t slot, WallTime now)
{
    Item& item = slab_[slot];
    if (item.state != State::Deferred) return;
    unplace(slot);
    item.next_attempt = now;
    place(slot, now);
}

// Somebody knows better than the last failure.
void Scheduler::wake(std::uint32_t id, WallTime now)
{
    Feedback& feedback = destinations_[id].feedback;
    if (feedback.backing_off(now)) forget(feedback, settings_);
    refresh(id, now);
}

void Scheduler::set_pauses(Pauses pauses, WallTime now)
{
    pauses_ = std::move(pauses);
    for (std::uint32_t id = 0; id < destinations_.end(); ++id) {
        Destination& destination = destinations_[id];
        if (!destination.in_use) continue;
        const bool before = destination.pause.has_value();
        destination.pause = find_pause(*destination.route);
        if (destination.pause.has_value() != before) refresh(id, now);
    }
}

std::optional<Pause> Scheduler::find_pause(const routing::Route& route) const
{
    if (pauses_.empty()) return std::nullopt;
    const auto found = pauses_.find(routing::format_key(route));
    return found == pauses_.end() ? std::nullopt : std::optional{found->second};
}

void Scheduler::make_due(const MessageId& id, WallTime now)
{
    const std::uint32_t slot = index_.find(id);
    if (slot == kNone) return;
    make_due(slot, now);
    refresh(slab_[slot].destination, now);
}

bool Scheduler::retry(const MessageId& id, WallTime now)
{
    const std::uint32_t slot = index_.find(id);
    if (slot == kNone) return false;
    const State state = slab_[slot].state;
    if (state != State::Deferred && state != State::Waiting) return false;
    make_due(slot, now);
    wake(slab_[slot].destination, now);
    return true;
}

}  // namespace hermetic::queue
