// Changes of one message: an operator's, and the split of a message whose recipients go different
// ways. Each is one coroutine: select, read, decide, commit, publish, answer.
//
// What is on disk if we die: before the commit has been answered the message as it was or, where
// the commit went through, the change as a whole with its notices and parts; never a piece of it.
// After it, the change. Nothing else is kept: a request that still waits for an attempt's end is
// forgotten, as is the permission of an approval (what is recorded of it permits nothing).
#include "dispatch/dispatcher_impl.h"
#include "events/publisher.h"
#include "net/await_spool.h"
#include "report/notice.h"
#include "settlement/settle.h"
#include "settlement/split.h"

#include <algorithm>
#include <utility>

namespace hermetic::dispatch {

namespace {

using AnswerKind = OperatorAnswer::Kind;

constexpr std::size_t kSplitsAtOnce = 64;
constexpr Duration kSplitPause = std::chrono::seconds{5};
constexpr std::size_t kHeaderOctets = 64U << 10;

bool removes_in_silence(const MessageChange& change)
{
    return change.kind == MessageChange::Kind::Remove && change.tell == TellSender::No;
}

}  // namespace

// Takes a message out of the schedule for as long as it stands, and drops its copy in memory: it
// may come true although the spool could not say so. One per message at a time.
class Dispatcher::Impl::Reservation {
public:
    // `recorded`: by an attempt that has just ended, where the schedule has not taken it in as it
    // is.
    Reservation(Impl& impl, const MessageId& id, std::optional<spool::Change> recorded = {})
        : impl_{impl}, lease_{id}
    {
        held_ = impl_.scheduler_.reserve(id, impl_.moment().queue);
        if (!held_) {
            const auto other = impl_.changing_.find(id);
            if (other != impl_.changing_.end() && !other->second)
                other->second = std::move(recorded);
            return;
        }
        impl_.changing_[id] = std::move(recorded);
        impl_.resident_.drop(id);
        const auto row = impl_.scheduler_.find(id);
        lease_.epoch = row->lease.epoch;
        lease_.until = row->lease.until;
        former_route_ = row->route;
    }
    ~Reservation() { end(); }
    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;

    explicit operator bool() const { return held_; }
    [[nodiscard]] const spool::Lease& lease() const { return lease_; }
    [[nodiscard]] const routing::RoutePointer& former_route() const { return former_route_; }

    // Back into the schedule, as the spool has it.
    void end()
    {
        if (!std::exchange(held_, false)) return;
        const auto recorded = impl_.changing_.extract(lease_.id).mapped();
        if (impl_.to_split_.contains(lease_.id)) impl_.splits_.push_back(lease_.id);
        if (recorded) {
            impl_.take_in(*recorded);
        } else {
            impl_.scheduler_.release(lease_.id, impl_.moment().queue);
        }
        impl_.advance();
    }
    // Out of the queue with the next advance(); it may be admitted anew before that.
    void forget()
    {
        if (!std::exchange(held_, false)) return;
        impl_.changing_.erase(lease_.id);
        impl_.to_split_.erase(lease_.id);
        impl_.events_.emplace_back(queue::Finished{lease_.id});
    }

private:
    Impl& impl_;
    spool::Lease lease_;
    routing::RoutePointer former_route_;
    bool held_ = false;
};

void Dispatcher::Impl::change(MessageId id, MessageChange change, Answer answer)
{
    const bool taken = submit([this, id, change = std::move(change), answer] {
        if (change.kind == MessageChange::Kind::Retry) {
            answer(retry_one(id, change));
        } else {
            tasks_.spawn(change_message(id, change, answer));
        }
    });
    if (!taken) answer(answer_stopping());
}

QueueFacts Dispatcher::Impl::facts_of(const MessageId& id) const
{
    QueueFacts facts;
    if (!granting_) {
        facts.reading = QueueFacts::Reading::Stopping;
    } else if (!claimed_all_) {
        facts.reading = QueueFacts::Reading::Going;
    }
    const auto row = scheduler_.find(id);
    if (!row) return facts;
    facts.state = row->state;
    if (const auto waiting = after_attempt_.find(id); waiting != after_attempt_.end()) {
        facts.promised = waiting->second->kind;
        // Its attempt has ended, and what was asked for meanwhile has its turn in a moment.
        if (row->state != queue::State::UnderWay) facts.state = queue::State::Reserved;
    }
    if (changing_.contains(id)) facts.state = queue::State::Reserved;
    facts.awaits_split = to_split_.contains(id);
    facts.paused = row->pause.has_value();
    return facts;
}

net::Task<> Dispatcher::Impl::change_message(MessageId id, MessageChange change, Answer answer)
{
    // Select: whether it may be changed now, or when its attempt has ended.
    std::optional<spool::Change> recorded;
    const QueueFacts facts = facts_of(id);
    if (auto refusal = refuse_change(change, facts)) {
        if (withdraws_hold(change, facts)) withdraw(id);
        const bool later = refusal->kind == AnswerKind::AfterAttempt;
        answer(*std::move(refusal));
        if (!later) co_return;
        answer = [](const OperatorAnswer&) {};  // whoever asked has been told and waits no more
        AfterAttempt attempt = co_await wait_for_attempt(id, change.kind);
        if (attempt.end != AttemptEnd::CameBack) co_return;
        recorded = std::move(attempt.recorded);
    }
    Reservation reserved{*this, id, std::move(recorded)};
    if (!reserved) {
        answer({AnswerKind::Refused, 0, "It is being changed. Try again."});
        co_return;
    }

    // Read.
    const auto read = co_await load(id);
    if (!read && !read.error().empty() && removes_in_silence(change)) {
        events::Actor by = change.by;
        auto removed = co_await remove_unread(id, std::move(by), reserved.lease());
        reserved.end();
        answer(std::move(removed));
        co_return;
    }
    if (!read) {
        if (read.error().empty()) reserved.forget();
        reserved.end();
        advance();
        answer(unread(read.error()));
        co_return;
    }
    const spool::StoredMessage& message = **read;
    if (auto refusal = refuse_change(change, *message.envelope)) {
        reserved.end();
        advance();
        answer(*std::move(refusal));
        co_return;
    }
    std::string header;
    if (change.tell == TellSender::Yes && message.body.in_file)
        header = co_await read_beginning(message.body, kHeaderOctets);

    // Decide.
    settlement::Settlement known = open_settlement(message, reserved.lease());
    known.headers = report::header_of(message.body.in_file ? header : message.body.bytes.view());
    if (!message.body.in_file) known.body = message.body.bytes;
    auto made = apply_change(change, std::move(known), core_.random(), core_.ids());

    // Commit: a notice is in the same change. Until here a crash leaves the message as it was.
    const auto durability = co_await commit(std::move(made.change));
    if (durability != spool::Durability::Durable) {
        // Unknown may still come true: then on_recorded() tells, and the message changes all the
        // same.
        reserved.end();
        answer(unrecorded());
        co_return;
    }

    // Publish and answer. From here on a crash leaves the change, told or not.
    for (auto& notice : made.notices) publisher_.publish(std::move(notice));
    publish_change(id, change, *message.envelope);
    reserved.end();
    if (change.kind == MessageChange::Kind::Approve) {
        // Its destination may back off for the very trouble that the approval is about.
        (void)scheduler_.retry(id, moment().queue);
        advance();
    }
    answer({AnswerKind::Done, 1, std::string{describe_done(change.kind, facts_of(id))}});
}

// Nothing of it can be read: it goes without a word to anybody.
net::Task<OperatorAnswer> Dispatcher::Impl::remove_unread(MessageId id, events::Actor by,
                                                          spool::Lease lease)
{
    spool::Change gone;
    gone.kind = spool::Change::Kind::Finished;
    gone.lease = lease;
    const auto durability = co_await commit(std::move(gone));
    if (durability != spool::Durability::Durable) co_return unrecorded();
    events::QueueOperation operation;
    operation.kind = operation_of(MessageChange::Kind::Remove);
    operation.by = std::move(by);
    operation.id = id;
    publisher_.publish(std::move(operation));
    OperatorAnswer done{AnswerKind::Done, 1,
                        std::string{describe_done(MessageChange::Kind::Remove, {})}};
    co_return done;
}

// What was approved, and why, is in the log before anybody is told, and before it is used.
void Dispatcher::Impl::publish_change(const MessageId& id, const MessageChange& change,
                                      const mail::Envelope& envelope)
{
    events::QueueOperation operation;
    operation.kind = operation_of(change.kind);
    operation.id = id;
    operation.accepted_as = envelope.accepted_as;
    operation.by = change.by;
    const bool approves = change.kind == MessageChange::Kind::Approve;
    if (approves) operation.why = change.approval.reason;
    publisher_.publish(std::move(operation));
    if (!approves) return;
    publisher_.flush();
    approvals_.insert_or_assign(id, change.approval);
}

// Its attempt is under way still: nothing has been recorded of the hold.
void Dispatcher::Impl::withdraw(const MessageId& id)
{
    const auto waiting = after_attempt_.find(id);
    if (waiting == after_attempt_.end()) return;
    waiting->second->overruled = true;
    waiting->second->wake();
    after_attempt_.erase(waiting);
}

// A later request for the same message takes the place of an earlier one. Granted again at once,
// having been left untouched: its next return will do.
net::Task<Dispatcher::Impl::AfterAttempt> Dispatcher::Impl::wait_for_attempt(
    MessageId id, MessageChange::Kind kind)
{
    AttemptWait wait{kind};
    if (const auto earlier = after_attempt_.find(id); earlier != after_attempt_.end()) {
        earlier->second->overruled = true;
        earlier->second->wake();
        wait.recorded = std::move(earlier->second->recorded);
    }
    after_attempt_.insert_or_assign(id, &wait);
    auto row = scheduler_.find(id);
    while (row && row->state == queue::State::UnderWay && !wait.overruled && !stopped_) {
        wait.came_back.emplace(core_);
        co_await wait.came_back->wait();
        row = scheduler_.find(id);
    }
    AfterAttempt attempt;
    if (wait.overruled) co_return attempt;
    after_attempt_.erase(id);
    if (!row || stopped_) co_return attempt;
    attempt.end = AttemptEnd::CameBack;
    attempt.recorded = std::move(wait.recorded);
    co_return attempt;
}

OperatorAnswer Dispatcher::Impl::unread(const std::string& error) const
{
    if (error.empty()) return {AnswerKind::NotFound, 0, "It is gone from the spool."};
    if (stopped_) return answer_stopping();
    return {AnswerKind::Refused, 0,
            "It could not be read: " + error + ". It can be removed without a notice."};
}

OperatorAnswer Dispatcher::Impl::unrecorded() const
{
    if (stopped_) return answer_stopping();
    return {AnswerKind::NotRecorded, 0,
            "It could not be recorded: the disk cannot be written now."};
}

// The error is empty where it is gone.
net::Task<Result<Dispatcher::Impl::Stored, std::string>> Dispatcher::Impl::load(MessageId id)
{
    if (stopped_) co_return failure(answer_stopping().words);
    auto message = co_await net::load(core_, *spool_, id);
    co_return message;
}

// Empty where it cannot be read: a sender is told all the same, without header fields.
net::Task<std::string> Dispatcher::Impl::read_beginning(spool::Body body, std::size_t octets)
{
    std::string text;
    if (!body.in_file) {
        text = body.bytes.view().substr(0, octets);
        co_return text;
    }
    if (stopped_) co_return text;
    const auto reader = spool_->open_body(body);
    while (text.size() < octets) {
        auto bytes = co_await net::read_body(core_, *reader, text.size(), octets - text.size());
        if (!bytes) co_return std::string{};
        if (bytes->empty()) break;
        text += *bytes;
    }
    co_return text;
}

// The spool has told what is durable before it answers: that is heard before anybody goes on.
net::Task<spool::Durability> Dispatcher::Impl::commit(spool::Change change)
{
    if (stopped_) co_return spool::Durability::Refused;
    const auto durability = co_await net::record(core_, *spool_, std::move(change));
    process(mailbox.take());
    co_return durability;
}

settlement::Settlement Dispatcher::Impl::open_settlement(const spool::StoredMessage& message,
                                                         const spool::Lease& lease) const
{
    settlement::Settlement known;
    known.message = &message;
    known.change.lease = lease;
    known.snapshot = &routes_->snapshot();
    known.hostname = settings_.hostname;
    known.now = clock_.wall();
    return known;
}

// One message for each route, in one durable change; they share its body. The first part goes on
// under its id, so that who held it finds it.
net::Task<> Dispatcher::Impl::split_message(MessageId id)
{
    // Select and read.
    Reservation reserved{*this, id};
    if (!reserved) co_return;
    const auto read = co_await load(id);
    if (!read && read.error().empty()) {
        reserved.forget();
        advance();
        co_return;
    }
    if (!read) {
        no_split_before_ = clock_.now() + kSplitPause;
        co_return;
    }
    const spool::StoredMessage& origin = **read;

    // Decide. Where all go one way after all it only moves.
    auto groups =
        settlement::group_by_route(origin, settlement::waiting_recipients(origin),
                                   [&](const mail::Mailbox& to) -> const routing::Route& {
                                       return *routes_->of(origin.envelope->organization, to);
                                   });
    spool::MessageState state = origin.state;
    std::vector<Stored> parts;
    if (groups.size() > 1) {
        groups.erase(groups.begin());
        settlement::Settlement known = open_settlement(origin, reserved.lease());
        known.split = settlement::split(origin, groups, known.now, core_.ids());
        parts = known.split.parts;
        auto made = settlement::settle(std::move(known), core_.random(), core_.ids());
        state = made.change.state;

        // Commit: on disk is the whole message, or all its parts.
        const auto durability = co_await commit(std::move(made.change));
        if (durability != spool::Durability::Durable) {
            no_split_before_ = clock_.now() + kSplitPause;
            co_return;
        }
        events::QueueOperation operation;
        operation.kind = events::QueueOperation::Kind::Split;
        operation.id = id;
        operation.accepted_as = origin.envelope->accepted_as;
        publisher_.publish(std::move(operation));
    }

    // Publish: the queue learns where each goes.
    const routing::RoutePointer before = reserved.former_route();
    reserved.forget();
    admit(id, reserved.lease(), *origin.envelope, state, origin.body.size);
    advance();
    // What failed on the old way may well succeed on a new one. The attempt is ahead of its time,
    // hence does not count.
    std::vector<MessageId> all{id};
    for (const Stored& part : parts) all.push_back(part->id);
    for (const MessageId& one : all) {
        const auto row = scheduler_.find(one);
        if (row && !routing::RouteEqual{}(row->route, before))
            scheduler_.make_due(one, moment().queue);
    }
    advance();
}

void Dispatcher::Impl::split_more()
{
    if (!granting_ || ownerless_ || clock_.now() < no_split_before_) return;
    while (splitting_ < kSplitsAtOnce && !splits_.empty()) {
        const MessageId id = splits_.front();
        splits_.pop_front();
        if (!to_split_.contains(id)) continue;
        const auto row = scheduler_.find(id);
        if (!row) {
            to_split_.erase(id);
            continue;
        }
        // Under way or being changed: it comes back to splits_ when it returns.
        if (row->state == queue::State::UnderWay || changing_.contains(id)) continue;
        ++splitting_;
        tasks_.spawn(split_next(id));
    }
}

net::Task<> Dispatcher::Impl::split_next(MessageId id)
{
    co_await split_message(id);
    --splitting_;
    split_more();
}

}  // namespace hermetic::dispatch
