#include "facts/reasons.h"
#include "queue/heap_access.h"
#include "queue/scheduler.h"

#include <algorithm>

namespace hermetic::queue {

// Messages whose time has come wait from now on; destinations whose back-off is over are ready
// again.
void Scheduler::promote(WallTime now)
{
    while (!times_.empty() && destinations_[times_.top()].due <= now) {
        const std::uint32_t id = times_.top();
        Destination& destination = destinations_[id];
        while (!destination.deferred.empty()) {
            const std::uint32_t slot = destination.deferred.top();
            if (slab_[slot].next_attempt > now) break;
            unplace(slot);
            place(slot, now);
        }
        if (destination.next_sweep <= now) sweep(id, now);
        refresh(id, now);
    }
}

// Why mail for a destination that nobody may try now is not delivered; nullopt: it may be tried, or
// nothing is known.
std::optional<facts::Outcome> Scheduler::outcome_without_attempt(const Destination& destination,
                                                                 WallTime now) const
{
    if (destination.pause) return facts::local_outcome(facts::Reason::QueuePaused);
    if (!destination.feedback.backing_off(now)) return std::nullopt;
    return destination.feedback.last_failure;
}

// A destination that backs off or is paused must not keep its messages from expiring, nor their
// senders from hearing of the delay: those whose time has come are settled with why they are not
// delivered.
void Scheduler::sweep(std::uint32_t id, WallTime now)
{
    Destination& destination = destinations_[id];
    destination.next_sweep = now + std::chrono::duration_cast<WallTime::duration>(settings_.sweep);
    if (granting_ == Granting::Off) return;
    const auto outcome = outcome_without_attempt(destination, now);
    if (!outcome) return;

    std::vector<std::uint32_t> due;
    flows_.for_each(destination.senders, [&](std::uint32_t slot) {
        if (slab_[slot].attention <= now) due.push_back(slot);
        return due.size() < settings_.sweep_messages;
    });
    for (std::size_t i = 0; i < due.size(); ++i) {
        if (i % settings_.grant_maximum == 0) open_grant(id, Connects::No).settle = outcome;
        put(actions_.back(), due[i]);
    }
    if (due.size() == settings_.sweep_messages) {
        destination.next_sweep =
            now + std::chrono::duration_cast<WallTime::duration>(settings_.sweep_again);
    }
}

SilentLimits Scheduler::silent_limits() const
{
    const auto share = static_cast<std::size_t>(settings_.connections * settings_.share_for_silent);
    // With a limit of one connection in all nothing could be delivered to who takes its time.
    return {settings_.connections, std::max<std::size_t>(share, 1)};
}

void Scheduler::end_silent()
{
    while (const auto grant = silent_.end_one(silent_limits())) {
        ends_.push_back({*grant, grants_.at(*grant).core});
    }
}

// Destinations take turns; each turn is one connection.
void Scheduler::grant_ready(WallTime now)
{
    for (;;) {
        const Ring ring = next_ring();
        if (ring == Ring::None) return;
        const std::uint32_t id = destinations_.front(ring);
        if (ring == Ring::Proved && !is_proved(destinations_[id])) {
            destinations_.move(id, Ring::New);
        } else if (ring == Ring::More && ring_of(id, now) != ring) {
            refresh(id, now);  // others have fallen silent since it was found to be ready
        } else {
            destinations_.rotate(id);
            grant_one(id, ring, now);
        }
    }
}

// Whose turn it is: of those that have no connection whoever waits longest, then the others.
Ring Scheduler::next_ring() const
{
    const auto ready = [&](Ring ring) {
        return destinations_.front(ring) != kNone && has_room(ring);
    };
    const auto turn = [&](Ring ring) { return destinations_[destinations_.front(ring)].turn; };
    if (ready(Ring::Proved) && ready(Ring::New)) {
        return turn(Ring::Proved) < turn(Ring::New) ? Ring::Proved : Ring::New;
    }
    const auto found = std::ranges::find_if(kServed, ready);
    return found == kServed.end() ? Ring::None : *found;
}

// Of few connections nothing is set apart: a limit of one in all would never try anybody again.
std::uint32_t Scheduler::share_of(double share) const
{
    constexpr double kRounding = 1e-6;
    const auto kept = static_cast<std::uint32_t>(settings_.connections * (1 - share) + kRounding);
    return std::max(settings_.connections - kept, 1U);
}

bool Scheduler::has_room(Ring ring) const
{
    if (ring == Ring::Failing) return connections_ < share_of(settings_.share_for_failing);
    if (ring == Ring::More) return connections_ < share_of(settings_.share_for_more);
    // The last connections are for those that have answered, so that strangers who take messages
    // and never answer, of whom no connection may be ended, do not have them all.
    const bool strangers = ring == Ring::Proved || unproved_ < share_of(settings_.share_for_new);
    return connections_ < settings_.connections && strangers;
}

// It has answered, and is not one of many domains of one stranger.
bool Scheduler::is_proved(const Destination& destination) const
{
    if (!destination.site) return true;
    if (silent_.at_site(destination.site) > 0) return false;
    const double kept = settings_.connections - share_of(settings_.share_for_new);
    const auto most = static_cast<std::uint32_t>(kept * settings_.share_of_one_site);
    const auto has = proved_.find(destination.site);
    return has == proved_.end() || has->second < std::max(most, 1U);
}

// As many messages as spread the backlog over the connections the destination may still have.
std::uint32_t Scheduler::batch(const Destination& destination) const
{
    const std::uint32_t waiting = destination.senders.waiting;
    const std::uint32_t limit = std::max(destination.feedback.connections(), 1U);
    const std::uint32_t free = limit > destination.active ? limit - destination.active : 1;
    const std::uint32_t share = (waiting + free - 1) / free;
    const std::uint32_t least = std::min(settings_.grant_minimum, settings_.grant_maximum);
    return std::min(waiting, std::clamp(share, least, settings_.grant_maximum));
}

void Scheduler::grant_one(std::uint32_t id, Ring ring, WallTime now)
{
    Destination& destination = destinations_[id];
    const std::uint32_t count = batch(destination);
    GrantAction& grant = open_grant(id, Connects::Yes);
    ActiveGrant& active = grants_.at(grant.id);
    active.proved = ring == Ring::Proved;
    if (!active.proved) ++unproved_;
    if (active.proved && destination.site) {
        active.site = destination.site;
        ++proved_[active.site];
    }
    std::uint64_t octets = 0;
    while (grant.messages.size() < count) {
        const std::uint32_t slot = flows_.peek(destination.senders);
        octets += slab_[slot].size;
        if (octets > settings_.grant_octets && !grant.messages.empty()) break;
        put(grant, slot);
    }
    refresh(id, now);
}

GrantAction& Scheduler::open_grant(std::uint32_t id, Connects connects)
{
    Destination& destination = destinations_[id];
    ActiveGrant active;
    active.destination = id;
    active.core = choose_core(id);
    active.settles = connects == Connects::No;
    ++core_load_[active.core];
    if (active.settles) {
        ++destination.settling;
    } else {
        ++destination.active;
        ++connections_;
        ++totals_.connections;
        destination.last_core = active.core;
    }
    GrantAction& grant = actions_.emplace_back();
    grant.id = next_grant_++;
    grant.core = active.core;
    grant.route = destination.route;
    grants_.emplace(grant.id, active);
    return grant;
}

// Moves a waiting item into a grant. Its sender's turn is over.
void Scheduler::put(GrantAction& grant, std::uint32_t slot)
{
    Item& item = slab_[slot];
    Destination& destination = destinations_[item.destination];
    if (flows_.peek(destination.senders) == slot) {
        (void)flows_.pop(destination.senders);
    } else {
        flows_.remove(destination.senders, slot);
    }
    --totals_.waiting;
    item.state = State::UnderWay;
    item.place = place_of(grant.id);
    ++destination.under_way;
    ++totals_.under_way;
    grant.messages.push_back({item.id, item.lease, item.accepted_at});
}

// The least loaded core; but where the destination was served last its connection may be kept open,
// which is worth a little more load.
std::uint32_t Scheduler::choose_core(std::uint32_t id) const
{
    constexpr std::uint32_t kWorth = 2;  // grants
    const auto end = core_load_.begin() + settings_.cores;
    const auto least = std::min_element(core_load_.begin(), end);
    const std::uint32_t last = destinations_[id].last_core;
    if (last < settings_.cores && core_load_[last] <= *least + kWorth) return last;
    return static_cast<std::uint32_t>(least - core_load_.begin());
}

}  // namespace hermetic::queue
