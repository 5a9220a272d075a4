#include "dispatch/dispatcher.h"

#include "core/assert.h"
#include "core/thread_name.h"
#include "dispatch/dispatcher_impl.h"
#include "metrics/metrics.h"

#include <algorithm>
#include <optional>

namespace hermetic::dispatch {

namespace {

constexpr Duration kLongestWait = std::chrono::seconds{1};

// Between two looks whether a store that failed can be read again.
constexpr Duration kClaimAgain = std::chrono::milliseconds{100};

// The queue's thread makes ids in a lane that no core uses.
constexpr std::uint8_t kIdLane = 254;

}  // namespace

OperatorAnswer stopping_answer()
{
    return {OperatorAnswer::Kind::Stopping, 0, "The server is stopping."};
}

Dispatcher::Impl::Impl(DispatcherSettings settings, const Clock& clock, metrics::Metrics& metrics,
                       ledger::Log& log)
    : settings_{std::move(settings)},
      clock_{clock},
      metrics_{metrics},
      log_{log},
      ids_{settings_.seed, kIdLane},
      time_{clock.now(), clock.wall()},
      scheduler_{settings_.queue, settings_.seed},
      resident_{settings_.resident_octets}
{
}

Dispatcher::Impl::~Impl()
{
    stop();
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
    thread_ = std::thread{[this] {
        name_this_thread("queue");
        run();
    }};
}

void Dispatcher::Impl::stop()
{
    if (!thread_.joinable()) {
        (void)mailbox.close();
        return;
    }
    granting_ = false;
    submit([this] {
        stopping_ = true;
        stop_by_ = clock_.now() + settings_.stop_wait;
    });
    thread_.join();
}

bool Dispatcher::Impl::submit(std::function<void()> request)
{
    std::vector<std::function<void()>> one;
    one.push_back(std::move(request));
    return mailbox.add(&News::requests, std::move(one));
}

void Dispatcher::Impl::post(std::vector<spool::Completion*> done)
{
    // After the end nobody goes on with them; their owner is this object, which outlives the spool.
    (void)mailbox.add(&News::completed, std::move(done));
}

void Dispatcher::Impl::run()
{
    claim_all();
    while (!finished()) {
        process(mailbox.take(until_next_wake()));
    }
    process(mailbox.close());
    answer_the_rest();
}

// Everything that is in the spool from before, in batches, so that news meanwhile is not late.
void Dispatcher::Impl::claim_all()
{
    std::optional<MessageId> after;
    while (granting_) {
        const bool was_failing = disk_fails();
        const auto claimed = spool_->claim(settings_.claim_batch, after);
        if (claimed.empty()) {
            // A store that is being reopened after a failed write shows nothing: not the end.
            if (!was_failing && !disk_fails()) break;
            process(mailbox.take(kClaimAgain));
            continue;
        }
        for (const spool::Claimed& one : claimed) {
            admit(one.lease.id, one.lease, *one.envelope, one.state, one.body.size);
        }
        after = claimed.back().lease.id;
        process(mailbox.take(Duration{}));
    }
    claimed_all_ = granting_.load();
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
    follow_up();
    for (spool::Completion* done : news.completed) done->complete();
    for (const auto& request : news.requests) request();
    split_more();
    advance();
    dying_.clear();
}

bool Dispatcher::Impl::disk_fails() const
{
    return spool_->pressure() == spool::Pressure::DiskFailing;
}

void Dispatcher::Impl::advance()
{
    // No outcome can be recorded: each would wait in memory, and be an attempt more after a crash.
    // The events keep until the disk is back.
    if (granting_ && disk_fails()) return publish();
    if (granting_) {
        hand_out(scheduler_.on(events_, moment().queue));
        end_silent(scheduler_.take_ends());
    }
    // While stopping nothing is scheduled any more: all of it is in the spool.
    events_.clear();
    kept_.clear();
    publish();
}

void Dispatcher::Impl::hand_out(std::vector<queue::GrantAction> actions)
{
    if (actions.empty()) return;
    const queue::Moment now = moment();
    std::vector<std::vector<Grant>> by_core(cores_.size());
    for (queue::GrantAction& action : actions) {
        Grant grant;
        grant.id = action.id;
        grant.destination = std::move(action.destination);
        grant.settle = std::move(action.settle);
        grant.messages.reserve(action.messages.size());
        for (const auto& one : action.messages) {
            GrantedMessage& granted = grant.messages.emplace_back();
            granted.lease = {one.id, one.lease.epoch, one.lease.until};
            granted.resident = resident_.take(one.id);
            granted.accepted_at = now.to_wall(one.accepted_at);
            // A resting destination is not tried: what was approved stays so.
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
    const std::lock_guard lock{totals_mutex_};
    totals_ = totals;
}

queue::Totals Dispatcher::Impl::totals() const
{
    const std::lock_guard lock{totals_mutex_};
    return totals_;
}

queue::Moment Dispatcher::Impl::moment() const
{
    return time_.at(clock_.now(), clock_.wall());
}

Duration Dispatcher::Impl::until_next_wake() const
{
    if (granting_ && disk_fails()) return kClaimAgain;
    const auto wake = granting_ ? scheduler_.next_wake() : std::nullopt;
    if (!wake) return kLongestWait;
    const Duration wait = *wake - moment().queue;
    return std::clamp(wait, Duration{}, kLongestWait);
}

bool Dispatcher::Impl::finished() const
{
    return stopping_ && (outstanding_ == 0 || clock_.now() >= stop_by_);
}

void Dispatcher::Impl::answer_the_rest()
{
    after_attempt_.clear();
    for (const auto& [pointer, object] : alive_) object->abandon();
}

std::shared_ptr<MessageChange> Dispatcher::Impl::alive(MessageChange* change)
{
    return std::static_pointer_cast<MessageChange>(alive_.at(change));
}

void Dispatcher::Impl::let_go(Pending* object)
{
    const auto found = alive_.find(object);
    if (found == alive_.end()) return;
    dying_.push_back(std::move(found->second));
    alive_.erase(found);
}

Dispatcher::Dispatcher(DispatcherSettings settings, const Clock& clock, metrics::Metrics& metrics,
                       ledger::Log& log)
    : impl_{std::make_unique<Impl>(std::move(settings), clock, metrics, log)}
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
    if (!taken) answer({{}, nullptr, stopping_answer().words});
}

void Dispatcher::retry(MessageId id, Answer answer)
{
    if (!impl_->submit([this, id, answer] { impl_->retry(id, answer); })) answer(stopping_answer());
}

void Dispatcher::retry(queue::Filter filter, Answer answer)
{
    const bool taken =
        impl_->submit([this, filter = std::move(filter), answer] { impl_->retry(filter, answer); });
    if (!taken) answer(stopping_answer());
}

void Dispatcher::hold(MessageId id, Answer answer)
{
    auto change = impl_->make_change(id, MessageChange::Kind::Hold);
    change->answer = answer;
    if (!impl_->submit([this, change] { impl_->change(change); })) answer(stopping_answer());
}

void Dispatcher::release(MessageId id, Answer answer)
{
    auto change = impl_->make_change(id, MessageChange::Kind::Release);
    change->answer = answer;
    if (!impl_->submit([this, change] { impl_->change(change); })) answer(stopping_answer());
}

void Dispatcher::approve(MessageId id, spool::Approval approval, Answer answer)
{
    auto change = impl_->make_change(id, MessageChange::Kind::Approve);
    change->approval = std::move(approval);
    change->answer = answer;
    if (!impl_->submit([this, change] { impl_->change(change); })) answer(stopping_answer());
}

void Dispatcher::remove(MessageId id, TellSender tell, Answer answer)
{
    auto change = impl_->make_change(id, MessageChange::Kind::Remove);
    change->tell = tell;
    change->answer = answer;
    if (!impl_->submit([this, change] { impl_->change(change); })) answer(stopping_answer());
}

queue::Totals Dispatcher::totals() const
{
    return impl_->totals();
}

bool Dispatcher::claimed_all() const
{
    return impl_->claimed_all();
}

}  // namespace hermetic::dispatch
