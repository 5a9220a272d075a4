#include "queue/scheduler.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

namespace hermetic::queue {

void Scheduler::apply(const Arrived& event, WallTime now)
{
    if (index_.find(event.id) != kNone) return;
    const std::uint32_t slot = slab_.add();
    Item& item = slab_[slot];
    item.id = event.id;
    item.lease = event.lease;
    item.accepted_at = event.accepted_at;
    item.next_attempt = event.next_attempt;
    item.attention = event.attention;
    item.size = event.size;
    item.question = questions_.acquire(event.question);
    item.sender = senders_.acquire(event.sender);
    set_reason(item, event.reason);
    item.attempts = event.attempts;
    item.recipients = static_cast<std::uint16_t>(
        std::min<std::uint32_t>(event.recipients, std::numeric_limits<std::uint16_t>::max()));
    item.state = event.held ? State::Held : State::Waiting;
    index_.add(slot);
    ++totals_.messages;
    join(slot, event.route);
    place(slot, now);
    refresh(item.destination, now);
}

void Scheduler::apply(const Finished& event, WallTime now)
{
    const std::uint32_t slot = index_.find(event.id);
    if (slot == kNone) return;
    const std::uint32_t destination = slab_[slot].destination;
    unplace(slot);
    erase(slot);
    refresh(destination, now);
}

void Scheduler::apply(const Deferred& event, WallTime now)
{
    const std::uint32_t slot = index_.find(event.id);
    if (slot == kNone) return;
    Item& item = slab_[slot];
    const std::uint32_t before = item.destination;
    unplace(slot);
    item.attempts = event.attempts;
    item.next_attempt = event.next_attempt;
    item.attention = event.attention;
    item.state = event.held ? State::Held : State::Waiting;
    set_reason(item, event.reason);
    follow_new_route(slot);
    // What was learnt by what no longer holds says nothing.
    const bool anew = item.destination != before || std::exchange(item.retried, false);
    if (anew) item.next_attempt = std::min(item.next_attempt, now);
    place(slot, now);
    refresh(before, now);
    if (item.destination != before) refresh(item.destination, now);
}

void Scheduler::apply(const GrantEnded& event, WallTime now)
{
    const auto found = grants_.find(event.id);
    if (found == grants_.end()) return;
    const ActiveGrant grant = found->second;
    grants_.erase(found);
    Destination& destination = destinations_[grant.destination];
    const std::uint32_t active_before = destination.active;
    --core_load_[grant.core];
    if (grant.settles) {
        --destination.settling;
    } else {
        forget_connection(grant, event);
        if (!grant.outdated || !event.destination_failure) {
            learn(grant.destination, event, active_before, now);
        }
    }
    give_back(event, now);
    refresh(grant.destination, now);
}

void Scheduler::forget_connection(const ActiveGrant& grant, const GrantEnded& event)
{
    Destination& destination = destinations_[grant.destination];
    --destination.active;
    --connections_;
    --totals_.connections;
    if (grant.silent) --destination.silent;
    silent_.remove(event.id);
    if (!grant.proved) --unproved_;
    if (grant.site && --proved_[grant.site] == 0) proved_.erase(grant.site);
    if (event.answered) {
        destination.standing = Standing::Answered;
        destination.site = event.site;
    } else if (grant.kept_silent) {
        destination.standing = Standing::KeptSilent;
    } else if (event.destination_failure) {
        destination.standing = Standing::Unknown;
    }
}

// One that was told to end is out of the share, but keeps its destination from further connections
// until it has ended or is heard again.
void Scheduler::apply(const PeerChanged& event, WallTime now)
{
    const auto found = grants_.find(event.grant);
    if (found == grants_.end() || found->second.settles) return;
    ActiveGrant& grant = found->second;
    Destination& destination = destinations_[grant.destination];
    if (std::exchange(grant.silent, event.peer == Peer::Silent)) --destination.silent;
    if (grant.silent) ++destination.silent;
    grant.kept_silent = grant.kept_silent || event.peer == Peer::SilentAfterDot;
    if (event.peer == Peer::Speaks) {
        silent_.remove(event.grant);
    } else {
        silent_.add(event.grant, {grant.destination, event.site}, event.peer);
    }
    refresh(grant.destination, now);
}

void Scheduler::learn(std::uint32_t id, const GrantEnded& event, std::uint32_t active_before,
                      WallTime now)
{
    Feedback& feedback = destinations_[id].feedback;
    if (event.destination_failure) {
        on_failure(feedback, *event.destination_failure, settings_, now, random_);
    } else if (event.slow_down) {
        on_slow_down(feedback, event.settled, settings_, now, random_);
    } else if (event.settled > 0) {
        // What we answered ourselves, for its size or its sender's demands, proves no peer.
        if (!event.answered) return;
        const bool used = active_before == feedback.connections();
        on_answers(feedback, used ? LimitUsed::Yes : LimitUsed::No, settings_);
    } else if (!event.untouched.empty()) {
        // Nothing could be begun with any of them, for reasons of our own such as a disk that
        // cannot be read now: at once again would be a busy loop.
        on_nothing_done(feedback, settings_, now, random_);
    }
}

// What the grant left untouched goes back to the head of its senders' queues, in its old order.
void Scheduler::give_back(const GrantEnded& event, WallTime now)
{
    for (auto id = event.untouched.rbegin(); id != event.untouched.rend(); ++id) {
        const std::uint32_t slot = index_.find(*id);
        if (slot == kNone) continue;
        Item& item = slab_[slot];
        if (item.state != State::UnderWay || item.place != place_of(event.id)) continue;
        const std::uint32_t before = item.destination;
        unplace(slot);
        follow_new_route(slot);
        item.retried = false;
        item.state = State::Waiting;
        ages_.add(slot);  // by its new route's connector, if it has one
        flows_.push(destinations_[item.destination].senders, slot, Flows::End::Front);
        ++totals_.waiting;
        if (item.destination != before) refresh(item.destination, now);
    }
}

// For an item that is in no place.
void Scheduler::follow_new_route(std::uint32_t slot)
{
    Item& item = slab_[slot];
    if (!std::exchange(item.rerouted, false)) return;
    leave(slot);
    join(slot, reroutes_.at(item.question));
}

void Scheduler::move_to(std::uint32_t slot, const routing::RoutePointer& route, WallTime now)
{
    Item& item = slab_[slot];
    const bool held = item.state == State::Held;
    unplace(slot);
    leave(slot);
    join(slot, route);
    item.state = held ? State::Held : State::Waiting;
    // What failed on the old way may well succeed on the new one (specification §6).
    item.next_attempt = std::min(item.next_attempt, now);
    place(slot, now);
}

// Examines every message: reloads are rare.
void Scheduler::apply(const Rerouted& event, WallTime now)
{
    std::unordered_map<std::uint32_t, routing::RoutePointer> answers;
    for (const auto& [question, route] : event.routes) {
        const std::uint32_t id = questions_.find(question);
        if (id == kNone) continue;
        answers.emplace(id, route);
        // A number may have been another question's: then no item waits for that answer any more.
        reroutes_[id] = route;
    }
    std::set<std::uint32_t> touched;
    for (std::uint32_t slot = 0; slot < slab_.end() && !answers.empty(); ++slot) {
        Item& item = slab_[slot];
        if (!item.in_use) continue;
        const auto route = answers.find(item.question);
        if (route == answers.end()) continue;
        const std::uint32_t before = item.destination;
        if (*destinations_[before].route == *route->second) {
            item.rerouted = false;
            destinations_[before].route = route->second;  // its label may be another
        } else if (item.state == State::UnderWay || item.state == State::Reserved) {
            item.rerouted = true;
        } else {
            move_to(slot, route->second, now);
            touched.insert({before, item.destination});
        }
    }
    for (const std::uint32_t destination : touched) refresh(destination, now);
}

}  // namespace hermetic::queue
