#include "core/text.h"
#include "queue/scheduler.h"

#include <algorithm>

namespace hermetic::queue {

namespace {

bool names_domain(std::string_view joined, std::string_view domain)
{
    const auto parts = split(joined, ',');
    return std::find(parts.begin(), parts.end(), domain) != parts.end();
}

}  // namespace

// A filter in the scheduler's own numbers.
struct Scheduler::Match {
    std::optional<std::uint32_t> destination;
    std::optional<std::uint32_t> sender;
    std::optional<std::uint32_t> reason;
    std::optional<std::vector<std::uint32_t>> domains;  // ascending
    std::optional<State> state;

    [[nodiscard]] bool operator()(const Item& item) const
    {
        return item.in_use && (!destination || item.destination == *destination) &&
               (!sender || item.sender == *sender) && (!reason || item.reason == *reason) &&
               (!state || item.state == *state) &&
               (!domains || std::binary_search(domains->begin(), domains->end(), item.domain));
    }
};

// nullopt: nothing can match.
std::optional<Scheduler::Match> Scheduler::match(const Filter& filter) const
{
    Match match;
    if (filter.destination) match.destination = destinations_.find(*filter.destination);
    if (filter.sender) match.sender = senders_.find(*filter.sender);
    if (filter.reason) match.reason = reasons_.find(*filter.reason);
    match.state = filter.state;
    if (match.destination == kNone || match.sender == kNone || match.reason == kNone) {
        return std::nullopt;
    }
    if (filter.domain) {
        auto& ids = match.domains.emplace();
        domains_.for_each([&](std::uint32_t id, std::string_view text) {
            if (names_domain(text, *filter.domain)) ids.push_back(id);
        });
        if (ids.empty()) return std::nullopt;
    }
    return match;
}

MessageRow Scheduler::row(const Item& item) const
{
    MessageRow row;
    row.id = item.id;
    row.state = item.state;
    row.lease = item.lease;
    row.destination = destinations_[item.destination].key;
    row.domain = domains_.text(item.domain);
    row.sender = senders_.text(item.sender);
    row.reason = reasons_.text(item.reason);
    row.size = item.size;
    row.recipients = item.recipients;
    row.attempts = item.attempts;
    row.accepted_at = item.accepted_at;
    row.next_attempt = item.next_attempt;
    const Feedback& feedback = destinations_[item.destination].feedback;
    const bool waits = item.state == State::Waiting || item.state == State::Deferred;
    if (waits && feedback.resting(now_) && feedback.resting_until > item.next_attempt) {
        row.next_attempt = feedback.resting_until;
        row.waits_for = facts::name(feedback.why_resting(now_));
    }
    return row;
}

std::optional<MessageRow> Scheduler::find(const MessageId& id) const
{
    const std::uint32_t slot = index_.find(id);
    if (slot == kNone) return std::nullopt;
    return row(slab_[slot]);
}

Page Scheduler::list(const Filter& filter, std::size_t limit, std::uint32_t cursor) const
{
    Page page;
    const auto matches = match(filter);
    if (!matches) return page;
    for (std::uint32_t slot = cursor; slot < slab_.end(); ++slot) {
        if (!(*matches)(slab_[slot])) continue;
        if (page.rows.size() == limit) {
            page.next = slot;
            break;
        }
        page.rows.push_back(row(slab_[slot]));
    }
    return page;
}

std::size_t Scheduler::retry(const Filter& filter, WallTime now)
{
    const auto matches = match(filter);
    if (!matches) return 0;
    std::size_t count = 0;
    std::vector<bool> woken(destinations_.end(), false);
    for (std::uint32_t slot = 0; slot < slab_.end(); ++slot) {
        const Item& item = slab_[slot];
        if (!(*matches)(item)) continue;
        if (item.state != State::Deferred && item.state != State::Waiting) continue;
        make_due(slot, now);
        woken[item.destination] = true;
        ++count;
    }
    for (std::uint32_t id = 0; id < woken.size(); ++id) {
        if (woken[id]) wake(id, now);
    }
    return count;
}

std::size_t Scheduler::retry_destinations(const std::function<bool(const std::string&)>& wanted,
                                          WallTime now)
{
    std::vector<bool> chosen(destinations_.end(), false);
    for (std::uint32_t id = 0; id < destinations_.end(); ++id) {
        chosen[id] = destinations_[id].in_use && wanted(destinations_[id].key);
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
    for (std::uint32_t id = 0; id < destinations_.end(); ++id) {
        const Destination& destination = destinations_[id];
        if (!destination.in_use || destination.ring == Ring::Idle) continue;
        DestinationRow& row = rows.emplace_back();
        row.key = destination.key;
        row.messages = destination.messages;
        row.waiting = destination.senders.waiting;
        row.deferred = static_cast<std::uint32_t>(destination.deferred.size());
        row.held = destination.held;
        row.under_way = destination.under_way;
        row.connections = destination.active;
        row.limit = destination.feedback.connections();
        row.failures = destination.feedback.failures;
        if (destination.feedback.resting_until > WallTime{}) {
            row.resting_until = destination.feedback.resting_until;
            row.rest_reason = facts::name(destination.feedback.why_resting(now_));
        }
        if (!destination.deferred.empty()) {
            row.next_attempt = slab_[destination.deferred.top()].next_attempt;
        }
        row.last_failure = destination.feedback.last_failure;
    }
    return rows;
}

Totals Scheduler::totals() const
{
    return totals_;
}

std::vector<std::string> Scheduler::domains() const
{
    std::vector<std::string> all;
    all.reserve(domains_.count());
    domains_.for_each([&](std::uint32_t, std::string_view text) { all.emplace_back(text); });
    return all;
}

}  // namespace hermetic::queue
