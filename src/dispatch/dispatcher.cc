#include "dispatch/dispatcher.h"

#include "core/assert.h"
#include "core/thread_name.h"
#include "dispatch/dispatcher_impl.h"
#include "events/publisher.h"
#include "metrics/metrics.h"

#include <algorithm>
#include <optional>

namespace hermetic::dispatch {

namespace {

// Between two looks whether a store that failed can be read again.
constexpr Duration kClaimAgain = std::chrono::milliseconds{100};

// The queue's thread makes ids in a lane that no core uses.
constexpr std::uint8_t kIdLane = 254;

}  // namespace

Dispatcher::Impl::Impl(DispatcherSettings settings, const Clock& clock, metrics::Metrics& metrics,
                       events::Publisher& events)
    : mailbox{[this] { core_.post([this] { process(mailbox.take()); }); }},
      settings_{std::move(settings)},
      clock_{clock},
      metrics_{metrics},
      publisher_{events},
      time_{clock.now(), clock.wall()},
      scheduler_{settings_.queue, settings_.seed},
      resident_{settings_.resident_octets},
      core_{kIdLane, clock},
      wake_{[this] { on_time(); }},
      tasks_{core_, [&events](std::string_view what) {
                 events.publish(events::Escaped{events::Escaped::From::Queue, std::string{what}});
             }}
{
}

// The spool is closed: whoever waited for it has been answered, and ends here.
Dispatcher::Impl::~Impl()
{
    stop();
    if (thread_.joinable()) {
        core_.stop();
        thread_.join();
    }
    core_.wheel().remove(wake_);
}

void Dispatcher::Impl::start(spool::Spool& spool, std::vector<GrantTaker*> cores,
                             objects::SnapshotPointer snapshot)
{
    HERMETIC_ASSERT(!thread_.joinable() && !cores.empty());
    spool_ = &spool;
    cores_ = std::move(cores);
    settings_.queue.cores = static_cast<std::uint32_t>(cores_.size());
    scheduler_.configure(settings_.queue);
    take_schedules(*snapshot);
    routes_ = std::make_unique<RouteTable>(std::move(snapshot));
    take_pauses(std::exchange(settings_.pauses, {}));
    core_.wheel().add(wake_);
    tasks_.spawn(claim_all());
    thread_ = std::thread{[this] {
        name_this_thread("queue");
        core_.run();
    }};
}

void Dispatcher::Impl::stop()
{
    std::call_once(stop_once_, [this] {
        granting_ = false;
        if (!thread_.joinable()) {
            (void)mailbox.close();
            return;
        }
        core_.post([this] { tasks_.spawn(shut_down()); });
        shut_down_.get_future().wait();
    });
}

bool Dispatcher::Impl::submit(std::function<void()> request)
{
    std::vector<std::function<void()>> one;
    one.push_back(std::move(request));
    return mailbox.add(&News::requests, std::move(one));
}

// Everything that is in the spool from before, in batches, so that news meanwhile is not late.
net::Task<> Dispatcher::Impl::claim_all()
{
    std::optional<MessageId> after;
    while (granting_) {
        const bool was_failing = disk_fails();
        const auto claimed = spool_->claim(settings_.claim_batch, after);
        Instant next = clock_.now();
        if (claimed.empty()) {
            // A store that is being reopened after a failed write shows nothing: not the end.
            if (!was_failing && !disk_fails()) break;
            next += kClaimAgain;
        } else {
            for (const spool::Claimed& one : claimed) {
                admit(one.lease.id, one.lease, *one.envelope, one.state, one.body.size);
            }
            after = claimed.back().lease.id;
            advance();
        }
        (void)co_await net::sleep_until(core_, next);
    }
    claimed_all_ = granting_.load();
}

// What is under way is waited for; what was not reported by then is claimed at the next start.
net::Task<> Dispatcher::Impl::shut_down()
{
    stop_by_ = clock_.now() + settings_.stop_wait;
    wake_in_time();
    if (outstanding_ > 0 && clock_.now() < stop_by_) co_await all_came_back_.wait();
    process(mailbox.close());
    stopped_ = true;
    for (const auto& [id, waiting] : after_attempt_) waiting->wake();
    shut_down_.set_value();
}

void Dispatcher::Impl::process(News news)
{
    for (auto& message : news.stored) {
        admit(message->id, {message->id, spool_->epoch(), WallTime::max()}, *message->envelope,
              message->state, message->body.size);
        // Only what may be granted soon is worth its memory.
        if (!message->state.held) resident_.add(std::move(message));
    }
    for (const spool::Change& change : news.recorded) note(change);
    for (GrantReport& report : news.reports) note(std::move(report));
    events_.insert(events_.end(), news.peers.begin(), news.peers.end());
    advance();
    if (news.requests.empty()) return;
    // Behind what is on its way to this thread already: whoever asks finds done what the spool has
    // called durable.
    core_.post([this, requests = std::move(news.requests)] {
        for (const auto& request : requests) request();
        advance();
    });
}

void Dispatcher::Impl::on_time()
{
    if (clock_.now() >= stop_by_) all_came_back_.set();
    advance();
}

// The next time that nobody else wakes this thread for.
void Dispatcher::Impl::wake_in_time()
{
    Instant at = stop_by_;
    const Instant now = clock_.now();
    if (granting_ && disk_fails()) {
        at = std::min(at, now + kClaimAgain);
    } else if (granting_) {
        if (const auto wake = scheduler_.next_wake())
            at = std::min(at, now + std::max<Duration>(*wake - moment().queue, Duration{}));
        if (!splits_.empty() && now < no_split_before_) at = std::min(at, no_split_before_);
    }
    core_.wheel().set(wake_, at);
}

bool Dispatcher::Impl::disk_fails() const
{
    return spool_->pressure() == spool::Pressure::DiskFailing;
}

// Gives the scheduler what was heard since the last time, and does what it says.
void Dispatcher::Impl::advance()
{
    if (stopped_) return;
    // While the disk fails no outcome can be recorded: each would wait in memory, and be an attempt
    // more after a crash. The events keep until it is back.
    if (!granting_ || !disk_fails()) {
        if (granting_) {
            hand_out(scheduler_.on(events_, moment().queue));
            end_silent(scheduler_.take_ends());
        }
        // While stopping nothing is scheduled any more: all of it is in the spool.
        events_.clear();
        kept_.clear();
        follow_up();
        split_more();
    }
    publish();
    wake_in_time();
}

void Dispatcher::Impl::hand_out(std::vector<queue::GrantAction> actions)
{
    if (actions.empty()) return;
    const queue::Moment now = moment();
    std::vector<std::vector<Grant>> by_core(cores_.size());
    for (queue::GrantAction& action : actions) {
        Grant grant;
        grant.id = action.id;
        grant.route = std::move(action.route);
        grant.settle = std::move(action.settle);
        grant.messages.reserve(action.messages.size());
        for (const auto& one : action.messages) {
            GrantedMessage& granted = grant.messages.emplace_back();
            granted.lease = {one.id, one.lease.epoch, one.lease.until};
            granted.resident = resident_.take(one.id);
            granted.accepted_at = now.to_wall(one.accepted_at);
            // A destination that backs off is not tried: what was approved stays so.
            const auto approved = approvals_.find(one.id);
            if (approved != approvals_.end() && !grant.settle) granted.approval = approved->second;
        }
        by_core[action.core].push_back(std::move(grant));
        ++outstanding_;
    }
    for (std::size_t core = 0; core < cores_.size(); ++core) {
        if (!by_core[core].empty()) cores_[core]->grant(std::move(by_core[core]));
    }
}

void Dispatcher::Impl::end_silent(const std::vector<queue::EndAction>& ends)
{
    if (ends.empty()) return;
    std::vector<std::vector<std::uint64_t>> by_core(cores_.size());
    for (const queue::EndAction& end : ends) by_core[end.core].push_back(end.grant);
    for (std::size_t core = 0; core < cores_.size(); ++core) {
        if (!by_core[core].empty()) cores_[core]->end(std::move(by_core[core]));
    }
}

void Dispatcher::Impl::publish()
{
    const queue::Totals totals = scheduler_.totals();
    metrics_.set(metrics::Metric::QueueMessages, static_cast<std::int64_t>(totals.messages));
    metrics_.set(metrics::Metric::QueueHeld, static_cast<std::int64_t>(totals.held));
    metrics_.set(metrics::Metric::QueuePaused,
                 static_cast<std::int64_t>(scheduler_.pauses().size()));
    auto oldest = scheduler_.oldest_by_connector();
    const std::lock_guard lock{totals_mutex_};
    totals_ = totals;
    oldest_.swap(oldest);
}

queue::Totals Dispatcher::Impl::totals() const
{
    const std::lock_guard lock{totals_mutex_};
    return totals_;
}

std::vector<ConnectorAge> Dispatcher::Impl::connector_ages() const
{
    const WallTime now = moment().queue;
    std::vector<ConnectorAge> ages;
    const std::lock_guard lock{totals_mutex_};
    for (const queue::OldestRow& each : oldest_)
        ages.push_back({*each.name, std::max<Duration>(now - each.accepted_at, Duration{})});
    return ages;
}

queue::Moment Dispatcher::Impl::moment() const
{
    return time_.at(clock_.now(), clock_.wall());
}

Dispatcher::Dispatcher(DispatcherSettings settings, const Clock& clock, metrics::Metrics& metrics,
                       events::Publisher& events)
    : impl_{std::make_unique<Impl>(std::move(settings), clock, metrics, events)}
{
}

Dispatcher::~Dispatcher() = default;

void Dispatcher::start(spool::Spool& spool, std::vector<GrantTaker*> cores,
                       objects::SnapshotPointer snapshot)
{
    impl_->start(spool, std::move(cores), std::move(snapshot));
}

void Dispatcher::reload(objects::SnapshotPointer snapshot, Concerns concerns)
{
    impl_->submit([this, snapshot = std::move(snapshot), concerns = std::move(concerns)] {
        impl_->reload(snapshot, concerns);
    });
}

void Dispatcher::stop_granting()
{
    impl_->stop_granting();
}

void Dispatcher::stop()
{
    impl_->stop();
}

void Dispatcher::on_stored(std::vector<std::shared_ptr<const spool::StoredMessage>> messages)
{
    impl_->mailbox.add(&News::stored, std::move(messages));
}

void Dispatcher::on_recorded(std::vector<spool::Change> changes)
{
    impl_->mailbox.add(&News::recorded, std::move(changes));
}

void Dispatcher::ended(std::vector<GrantReport> reports)
{
    impl_->mailbox.add(&News::reports, std::move(reports));
}

void Dispatcher::peers_changed(std::vector<queue::PeerChanged> changes)
{
    impl_->mailbox.add(&News::peers, std::move(changes));
}

void Dispatcher::list(ListRequest request, std::function<void(ListAnswer)> answer)
{
    const bool taken = impl_->submit(
        [this, request = std::move(request), answer] { impl_->list(request, answer); });
    if (!taken) answer({});
}

void Dispatcher::destinations(std::function<void(std::vector<queue::DestinationRow>)> answer)
{
    const bool taken = impl_->submit([this, answer] { answer(impl_->destinations()); });
    if (!taken) answer({});
}

void Dispatcher::show(MessageId id, std::function<void(ShowAnswer)> answer)
{
    const bool taken = impl_->submit([this, id, answer] { impl_->show(id, answer); });
    if (!taken) answer({{}, nullptr, answer_stopping().words});
}

void Dispatcher::change(MessageId id, MessageChange change, Answer answer)
{
    impl_->change(id, std::move(change), std::move(answer));
}

void Dispatcher::count(queue::Selection selection, MessageChange::Kind change, std::uint32_t cursor,
                       std::function<void(CountAnswer)> answer)
{
    const bool taken = impl_->submit([this, selection = std::move(selection), change, cursor,
                                      answer] { impl_->count(selection, change, cursor, answer); });
    if (!taken) answer({});
}

void Dispatcher::summary(queue::Selection selection, std::size_t limit,
                         std::function<void(queue::Summary::Rows)> answer)
{
    const bool taken = impl_->submit([this, selection = std::move(selection), limit, answer] {
        impl_->summary(selection, limit, answer);
    });
    if (!taken) answer({});
}

void Dispatcher::change_selected(SelectionChange request,
                                 std::function<void(SelectionAnswer)> answer)
{
    const bool taken = impl_->submit(
        [this, request = std::move(request), answer] { impl_->change_selected(request, answer); });
    if (!taken) answer({OperatorAnswer::Kind::Stopping, {}});
}

void Dispatcher::view(MessageId id, ViewPart part, events::Actor by,
                      std::function<void(ViewAnswer)> answer)
{
    const bool taken = impl_->submit(
        [this, id, part, by = std::move(by), answer] { impl_->view(id, part, by, answer); });
    if (taken) return;
    ViewAnswer none;
    none.kind = OperatorAnswer::Kind::Stopping;
    answer(std::move(none));
}

void Dispatcher::pause(std::string destination, std::string why, events::Actor by, Answer answer)
{
    const bool taken =
        impl_->submit([this, destination = std::move(destination), why = std::move(why),
                       by = std::move(by), answer] { impl_->pause(destination, why, by, answer); });
    if (!taken) answer(answer_stopping());
}

void Dispatcher::resume(std::string destination, events::Actor by, Answer answer)
{
    const bool taken =
        impl_->submit([this, destination = std::move(destination), by = std::move(by), answer] {
            impl_->resume(destination, by, answer);
        });
    if (!taken) answer(answer_stopping());
}

queue::Totals Dispatcher::totals() const
{
    return impl_->totals();
}

std::vector<ConnectorAge> Dispatcher::connector_ages() const
{
    return impl_->connector_ages();
}

bool Dispatcher::claimed_all() const
{
    return impl_->claimed_all();
}

}  // namespace hermetic::dispatch
