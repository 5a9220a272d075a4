#include "facts/reasons.h"
#include "queue/scheduler.h"

#include <algorithm>
#include <set>

namespace hermetic::queue {

// What keeps it from going: a pause or a back-off that lasts beyond its time, also of what is not
// due yet, else what is in use. None: it may go, it only waits for its time, or it is in no state
// for that.
facts::Reason Scheduler::waits_for(const Item& item) const
{
    const Destination& destination = destinations_[item.destination];
    const Feedback& feedback = destination.feedback;
    if (item.state != State::Waiting && item.state != State::Deferred) return {};
    if (destination.pause) return facts::Reason::QueuePaused;
    if (feedback.backing_off(now_) && feedback.back_off_until > item.next_attempt)
        return feedback.why_backing_off(now_);
    if (item.state != State::Waiting) return {};
    // Who is still in a ring after its turn found no room; the others have their connections.
    const bool served = std::ranges::find(kServed, destination.ring) != kServed.end();
    return served ? facts::Reason::QueueNoFreeConnection : facts::Reason::QueueDestinationBusy;
}

MessageView Scheduler::view(const Item& item) const
{
    MessageView view;
    view.destination = destinations_[item.destination].route->label;
    view.question = &questions_[item.question];
    view.sender = senders_[item.sender];
    view.reason = reasons_[item.reason];
    const facts::Reason waits = waits_for(item);
    if (waits != facts::Reason::None) view.waits_for = facts::name(waits);
    view.size = item.size;
    view.state = item.state;
    view.accepted_at = item.accepted_at;
    return view;
}

MessageRow Scheduler::row(const Item& item) const
{
    MessageRow row;
    row.id = item.id;
    row.state = item.state;
    row.lease = item.lease;
    row.route = destinations_[item.destination].route;
    row.question = questions_[item.question];
    row.sender = senders_[item.sender];
    row.reason = reasons_[item.reason];
    row.size = item.size;
    row.recipients = item.recipients;
    row.attempts = item.attempts;
    row.accepted_at = item.accepted_at;
    row.next_attempt = item.next_attempt;
    row.waits_for = view(item).waits_for;
    const Destination& destination = destinations_[item.destination];
    const Feedback& feedback = destination.feedback;
    const bool waits = item.state == State::Waiting || item.state == State::Deferred;
    if (waits && feedback.backing_off(now_) && feedback.back_off_until > item.next_attempt)
        row.next_attempt = feedback.back_off_until;
    row.pause = destination.pause;
    return row;
}

std::optional<MessageRow> Scheduler::find(const MessageId& id) const
{
    const std::uint32_t slot = index_.find(id);
    if (slot == kNone) return std::nullopt;
    return row(slab_[slot]);
}

std::vector<Found> Scheduler::select(const Selection& selection, std::size_t limit,
                                     std::size_t examine, Pass& pass) const
{
    std::vector<Found> found;
    for (; pass.cursor < slab_.end() && examine > 0 && found.size() < limit; ++pass.cursor) {
        const Item& item = slab_[pass.cursor];
        --examine;
        ++pass.examined;
        if (!item.in_use) continue;
        const Selected how = decide_selected(selection, view(item), now_);
        if (how != Selected::No) found.push_back({item.id, pass.cursor, how});
    }
    pass.over = pass.cursor >= slab_.end();
    return found;
}

Selected Scheduler::is_selected(const Selection& selection, const MessageId& id) const
{
    const std::uint32_t slot = index_.find(id);
    if (slot == kNone) return Selected::No;
    return decide_selected(selection, view(slab_[slot]), now_);
}

void Scheduler::summarize(const MessageId& id, Summary& summary) const
{
    const std::uint32_t slot = index_.find(id);
    if (slot != kNone) summary.add(view(slab_[slot]), now_);
}

std::size_t Scheduler::retry_destinations(const std::function<bool(const routing::Route&)>& wanted,
                                          WallTime now)
{
    std::vector<bool> chosen(destinations_.end(), false);
    for (std::uint32_t id = 0; id < destinations_.end(); ++id) {
        chosen[id] = destinations_[id].in_use && wanted(*destinations_[id].route);
    }
    if (std::find(chosen.begin(), chosen.end(), true) == chosen.end()) return 0;
    std::size_t count = 0;
    for (std::uint32_t slot = 0; slot < slab_.end(); ++slot) {
        const Item& item = slab_[slot];
        if (!item.in_use || !chosen[item.destination]) continue;
        if (item.state == State::Deferred) {
            make_due(slot, now);
        } else if (item.state == State::UnderWay || item.state == State::Reserved) {
            slab_[slot].retried = true;
        } else {
            continue;
        }
        ++count;
    }
    for (auto& [id, grant] : grants_) {
        if (chosen[grant.destination]) grant.outdated = true;
    }
    for (std::uint32_t id = 0; id < chosen.size(); ++id) {
        if (chosen[id]) wake(id, now);
    }
    return count;
}

std::vector<DestinationRow> Scheduler::destinations() const
{
    std::vector<DestinationRow> rows;
    std::set<std::string> listed;
    for (std::uint32_t id = 0; id < destinations_.end(); ++id) {
        const Destination& destination = destinations_[id];
        if (!destination.in_use || destination.ring == Ring::Idle) continue;
        DestinationRow& row = rows.emplace_back();
        row.route = destination.route;
        row.messages = destination.messages;
        row.waiting = destination.senders.waiting;
        row.deferred = static_cast<std::uint32_t>(destination.deferred.size());
        row.held = destination.held;
        row.under_way = destination.under_way;
        row.connections = destination.active;
        row.limit = destination.feedback.connections();
        row.failures = destination.feedback.failures;
        if (destination.feedback.back_off_until > WallTime{}) {
            row.back_off_until = destination.feedback.back_off_until;
            row.back_off_reason = facts::name(destination.feedback.why_backing_off(now_));
        }
        if (!destination.deferred.empty()) {
            row.next_attempt = slab_[destination.deferred.top()].next_attempt;
        }
        row.last_failure = destination.feedback.last_failure;
        row.pause = destination.pause;
        if (destination.pause) listed.insert(routing::format_key(*destination.route));
    }
    for (const auto& [key, pause] : pauses_) {
        if (listed.contains(key)) continue;
        const auto route = std::make_shared<routing::Route>();
        route->label = key;
        DestinationRow& row = rows.emplace_back();
        row.route = route;
        row.pause = pause;
    }
    return rows;
}

Totals Scheduler::totals() const
{
    return totals_;
}

std::vector<routing::RouteQuestion> Scheduler::questions() const
{
    std::vector<routing::RouteQuestion> all;
    all.reserve(questions_.count());
    questions_.for_each(
        [&](std::uint32_t, const routing::RouteQuestion& question) { all.push_back(question); });
    return all;
}

std::vector<MessageId> Scheduler::with(const std::vector<routing::RouteQuestion>& questions) const
{
    std::set<std::uint32_t> wanted;
    for (const routing::RouteQuestion& question : questions)
        wanted.insert(questions_.find(question));
    std::vector<MessageId> ids;
    for (std::uint32_t slot = 0; slot < slab_.end() && !wanted.empty(); ++slot) {
        const Item& item = slab_[slot];
        if (item.in_use && wanted.contains(item.question)) ids.push_back(item.id);
    }
    return ids;
}

}  // namespace hermetic::queue
