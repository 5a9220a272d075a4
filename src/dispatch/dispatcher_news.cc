#include "core/text.h"
#include "dispatch/dispatcher_impl.h"
#include "events/publisher.h"

#include <algorithm>

namespace hermetic::dispatch {

std::string_view Dispatcher::Impl::keep(std::string text)
{
    return kept_.emplace_back(std::move(text));
}

// The scheduler's attention is for its notice of delay, or its expiry, whichever is next.
Dispatcher::Impl::Times Dispatcher::Impl::times_of(std::string_view organization,
                                                   WallTime accepted_at,
                                                   const spool::MessageState& state) const
{
    const auto other = schedules_.find(organization);
    const queue::RetrySchedule& schedule = other == schedules_.end() ? schedule_ : other->second;
    const queue::Moment now = moment();
    queue::Waiting waiting{now.past(accepted_at), state.tls_failing_since};
    if (waiting.tls_failing_since) waiting.tls_failing_since = now.past(*waiting.tls_failing_since);
    WallTime attention = queue::expires_at(schedule, waiting);
    if (!state.delay_notified)
        attention = std::min(attention, queue::delay_notice_at(schedule, waiting));
    return {now.from_wall(waiting.accepted_at),
            now.from_wall(now.planned(state.next_attempt, queue::longest_wait(schedule))),
            now.from_wall(attention)};
}

void Dispatcher::Impl::take_schedules(const objects::Snapshot& snapshot)
{
    // Without any organization the objects are lost, or not there yet: mail that was accepted under
    // others waits for them, and goes no other way meanwhile.
    ownerless_ = snapshot.contents().organizations.empty();
    scheduler_.set_granting(ownerless_ ? queue::Scheduler::Granting::Off
                                       : queue::Scheduler::Granting::On);
    schedule_ = queue::make_retry_schedule(snapshot.organization());
    schedules_.clear();
    for (const auto& each : snapshot.contents().organizations) {
        if (&each != &snapshot.organization())
            schedules_.emplace(each.name, queue::make_retry_schedule(each));
    }
}

void Dispatcher::Impl::admit(const MessageId& id, const spool::Lease& lease,
                             const mail::Envelope& envelope, const spool::MessageState& state,
                             std::uint64_t size)
{
    MessageRoute route = routes_->of(envelope, state.finished);
    queue::Arrived event;
    event.id = id;
    event.lease = {lease.epoch, lease.until};
    event.route = std::move(route.route);
    event.question = std::move(route.question);
    event.sender = envelope.sender ? keep(envelope.sender->format()) : std::string_view{};
    event.size = size;
    event.recipients =
        static_cast<std::uint32_t>(envelope.recipients.size() - state.finished.size());
    event.attempts = state.attempts;
    const Times times = times_of(envelope.organization, envelope.accepted_at, state);
    event.accepted_at = times.accepted_at;
    event.next_attempt = times.next_attempt;
    event.attention = times.attention;
    event.reason = keep(state.last_reason);
    event.held = state.held || route.parts;  // what must be split is not granted before
    events_.emplace_back(event);
    if (route.parts && to_split_.insert(id).second) splits_.push_back(id);
}

void Dispatcher::Impl::note(const spool::Change& change)
{
    const MessageId& id = change.lease.id;
    resident_.drop(id);  // whoever changed it: from now on the spool alone knows it
    if (const auto own = changing_.find(id); own != changing_.end()) {
        own->second = change;  // taken in by whoever changes it now, at its end
        return;
    }
    if (const auto waiting = after_attempt_.find(id); waiting != after_attempt_.end())
        waiting->second->recorded = change;
    take_in(change);
}

void Dispatcher::Impl::take_in(const spool::Change& change)
{
    const MessageId& id = change.lease.id;
    const bool more_to_do = after_attempt_.contains(id) || to_split_.contains(id);
    if (more_to_do) follow_ups_.push_back(id);
    if (change.kind == spool::Change::Kind::Finished) {
        events_.emplace_back(queue::Finished{id});
        to_split_.erase(id);
        approvals_.erase(id);
        return;
    }
    if (!change.state.approval) approvals_.erase(id);  // used up
    queue::Deferred event;
    event.id = id;
    event.attempts = change.state.attempts;
    const auto row = find(id);
    const auto owner = row ? std::string_view{row->question.organization} : std::string_view{};
    const WallTime accepted_at = row ? row->accepted_at : WallTime{};
    const Times times = times_of(owner, accepted_at, change.state);
    event.next_attempt = times.next_attempt;
    event.attention = times.attention;
    event.reason = keep(change.state.last_reason);
    event.held = change.state.held || more_to_do;
    events_.emplace_back(event);
}

void Dispatcher::Impl::note(GrantReport report)
{
    if (outstanding_ > 0) --outstanding_;
    if (outstanding_ == 0 && stop_by_ != Instant::max()) all_came_back_.set();
    queue::GrantEnded event;
    event.id = report.id;
    event.settled = report.delivered + report.deferred + report.failed;
    event.answered = report.answered;
    if (event.answered) event.site = queue::site_of(report.peer);
    event.destination_failure = std::move(report.destination_failure);
    event.slow_down = report.slow_down;
    event.untouched = std::move(report.untouched);
    for (const MessageId& id : event.untouched) {
        if (after_attempt_.contains(id) || to_split_.contains(id)) follow_ups_.push_back(id);
    }
    events_.emplace_back(std::move(event));
    for (const MessageId& id : report.gone) note_gone(id);
}

// Where the queue has not heard of its end, somebody has removed it behind our back.
void Dispatcher::Impl::note_gone(const MessageId& id)
{
    const auto row = scheduler_.find(id);
    if (!row) return;
    publisher_.publish(events::MessageGone{id, printable(row->route->label)});
    spool::Change end;
    end.lease.id = id;
    note(end);
}

// Messages that came back from an attempt with an operator's request, or a split, waiting for them.
void Dispatcher::Impl::follow_up()
{
    for (const MessageId& id : std::exchange(follow_ups_, {})) {
        if (to_split_.contains(id)) splits_.push_back(id);
        if (const auto waiting = after_attempt_.find(id); waiting != after_attempt_.end())
            waiting->second->wake();
    }
}

// What could not go under the old objects may go under the new ones. The destinations' limits hold
// for it as for all mail.
void Dispatcher::Impl::retry_changed(const Concerns& concerns)
{
    if (!granting_) return;
    const std::size_t count = scheduler_.retry_destinations(concerns, moment().queue);
    if (count == 0) return;
    publisher_.publish(events::MailRetried{count});
}

// Domains whose mail goes one way take it at once; the rest is looked at message by message.
void Dispatcher::Impl::reload(objects::SnapshotPointer snapshot, const Concerns& concerns)
{
    take_schedules(*snapshot);
    routes_ = std::make_unique<RouteTable>(std::move(snapshot));
    take_pauses(scheduler_.pauses());
    retry_changed(concerns);
    queue::Rerouted rerouted;
    std::vector<routing::RouteQuestion> parted;
    for (routing::RouteQuestion& question : scheduler_.questions()) {
        if (routing::RoutePointer route = routes_->of(question)) {
            rerouted.routes.emplace_back(std::move(question), std::move(route));
        } else {
            parted.push_back(std::move(question));
        }
    }
    for (const MessageId& id : scheduler_.with(parted)) {
        if (to_split_.insert(id).second) splits_.push_back(id);
    }
    events_.emplace_back(std::move(rerouted));
}

}  // namespace hermetic::dispatch
