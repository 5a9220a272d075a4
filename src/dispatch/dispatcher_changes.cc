#include "core/text.h"
#include "dispatch/dispatcher_impl.h"
#include "facts/reasons.h"
#include "ledger/log.h"
#include "metrics/metrics.h"
#include "report/notice.h"
#include "routing/route.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace hermetic::dispatch {

namespace {

using Kind = MessageChange::Kind;
using AnswerKind = OperatorAnswer::Kind;

constexpr std::size_t kSplitsAtOnce = 64;
constexpr std::size_t kHeaderOctets = 64U << 10;

void answer(const MessageChange& change, AnswerKind kind, std::string words)
{
    if (!change.answer) return;
    change.answer({kind, kind == AnswerKind::Done ? 1U : 0U, std::move(words)});
}

std::string_view done_words(Kind kind)
{
    switch (kind) {
    case Kind::Hold:
        return "It is held until it is released.";
    case Kind::Release:
        return "It is released and tried at once.";
    case Kind::Approve:
        return "It is tried at once, below its TLS policy this one time.";
    case Kind::Remove:
        return "It is removed.";
    case Kind::Split:
        break;
    }
    return "It is split.";
}

std::string_view log_event(Kind kind)
{
    switch (kind) {
    case Kind::Hold:
        return "queue.hold";  // no-reason: log event
    case Kind::Release:
        return "queue.release";  // no-reason: log event
    case Kind::Approve:
        return facts::name(facts::Reason::QueueApproved);
    case Kind::Remove:
        return "queue.remove";  // no-reason: log event
    case Kind::Split:
        break;
    }
    return "queue.split";  // no-reason: log event
}

bool is_finished(const spool::MessageState& state, std::uint32_t recipient)
{
    return std::binary_search(state.finished.begin(), state.finished.end(), recipient);
}

bool is_blank(std::string_view text)
{
    return text.find_first_not_of(" \t") == std::string_view::npos;
}

// Empty: it may be made. It is durable before it is answered, hence not while an attempt is under
// way, whose end nobody can wait for.
std::string_view refuse_approval(const spool::Approval& approval, queue::State state)
{
    if (is_blank(approval.reason) || is_blank(approval.by)) return "It does not say who and why.";
    if (state == queue::State::Held) return "It is held. Release it first.";
    if (state == queue::State::UnderWay)
        return "It is being delivered now. Approve it when that attempt has ended.";
    return {};
}

facts::Outcome removed_outcome()
{
    return facts::local_outcome(facts::Reason::QueueRemoved, "Removed by an administrator");
}

}  // namespace

std::shared_ptr<MessageChange> Dispatcher::Impl::make_change(const MessageId& id, Kind kind)
{
    return std::make_shared<MessageChange>(*this, id, kind);
}

// Of an id that the queue does not have.
OperatorAnswer Dispatcher::Impl::unknown_id() const
{
    if (claimed_all_) return {AnswerKind::NotFound, 0, "No message in the queue has this id."};
    if (!granting_) return stopping_answer();
    return {AnswerKind::Starting, 0,
            "The queue is still being read from the spool, and this message is not in it yet. "
            "Try again."};
}

void Dispatcher::Impl::change(std::shared_ptr<MessageChange> change)
{
    const auto row = scheduler_.find(change->id);
    if (!row) {
        if (change->answer) change->answer(unknown_id());
        return;
    }
    if (!granting_) {
        answer(*change, AnswerKind::Stopping, "The server is stopping.");
        return;
    }
    if (row->state == queue::State::Reserved) {
        answer(*change, AnswerKind::Refused, "Another change of it is being recorded. Try again.");
        return;
    }
    const bool held = row->state == queue::State::Held && !to_split_.contains(change->id);
    if (change->kind == Kind::Hold && held) {
        answer(*change, AnswerKind::Done, "It was held already.");
        return;
    }
    if (change->kind == Kind::Release && !held) {
        answer(*change, AnswerKind::Refused, "It is not held.");
        return;
    }
    if (change->kind == Kind::Approve) {
        const std::string_view why_not = refuse_approval(change->approval, row->state);
        if (!why_not.empty()) {
            answer(*change, AnswerKind::Refused, std::string{why_not});
            return;
        }
    }
    if (row->state == queue::State::UnderWay) {
        answer(*change, AnswerKind::AfterAttempt,
               "It is being delivered now. This will be done when the attempt ends, unless that "
               "delivers it.");
        change->answer = nullptr;
        after_attempt_[change->id] = std::move(change);
        return;
    }
    begin(change);
}

void Dispatcher::Impl::begin(const std::shared_ptr<MessageChange>& change)
{
    if (!scheduler_.reserve(change->id, moment().queue)) {
        answer(*change, AnswerKind::Refused, "It is being changed. Try again.");
        if (change->kind == Kind::Split) --splitting_;
        return;
    }
    // It may come true although the spool could not say so.
    resident_.drop(change->id);
    const auto row = scheduler_.find(change->id);
    change->lease = {change->id, row->lease.epoch, row->lease.until};
    keep_alive(change);
    change->load.go_on = [this, change_pointer = change.get()] { loaded(alive(change_pointer)); };
    spool_->load(change->id, change->load);
}

void Dispatcher::Impl::loaded(const std::shared_ptr<MessageChange>& change)
{
    change->message = change->load.message;
    if (!change->message && change->load.error.empty()) {
        answer(*change, AnswerKind::NotFound, "It is gone from the spool.");
        events_.emplace_back(queue::Finished{change->id});
        to_split_.erase(change->id);
        end(change);
        return;
    }
    if (!change->message) {
        give_up(change, "It could not be read: " + change->load.error);
        return;
    }
    spool::Change what;
    what.state = change->message->state;
    switch (change->kind) {
    case Kind::Hold:
    case Kind::Release:
        what.kind = spool::Change::Kind::Deferred;
        what.state.held = change->kind == Kind::Hold;
        if (change->kind == Kind::Release) what.state.next_attempt = clock_.wall();
        record(change, std::move(what));
        return;
    case Kind::Approve:
        what.kind = spool::Change::Kind::Deferred;
        what.state.approval = change->approval;
        record(change, std::move(what));
        return;
    case Kind::Split:
        record_split(change);
        return;
    case Kind::Remove:
        break;
    }
    if (change->tell == TellSender::No || !change->message->body.in_file) {
        record_removal(change, change->message->body.bytes.view());
        return;
    }
    change->body = spool_->open_body(change->message->body);
    change->read.go_on = [this, change_pointer = change.get()] {
        const auto again = alive(change_pointer);
        // Unreadable: the sender is told all the same, without the header fields.
        record_removal(again, again->read.bytes);
    };
    change->body->read(0, kHeaderOctets, change->read);
}

void Dispatcher::Impl::record(const std::shared_ptr<MessageChange>& change, spool::Change what)
{
    what.lease = change->lease;
    change->commit.go_on = [this, change_pointer = change.get()] {
        recorded(alive(change_pointer));
    };
    spool_->record(std::move(what), &change->commit);
}

void Dispatcher::Impl::record_removal(const std::shared_ptr<MessageChange>& change,
                                      std::string_view bytes)
{
    spool::Change what;
    what.kind = spool::Change::Kind::Finished;
    if (change->tell == TellSender::Yes) {
        if (auto notice = make_removal_notice(*change, bytes)) {
            what.new_messages.push_back(std::move(notice));
        }
    }
    record(change, std::move(what));
}

std::shared_ptr<const spool::StoredMessage> Dispatcher::Impl::make_removal_notice(
    const MessageChange& change, std::string_view bytes)
{
    const spool::StoredMessage& message = *change.message;
    const WallTime now = clock_.wall();
    report::NoticeInput input;
    input.id = ids_.next<MessageId>(now);
    input.now = now;
    input.hostname = settings_.hostname;
    input.snapshot = &routes_->snapshot();
    input.about = message.envelope.get();
    for (std::uint32_t i = 0; i < message.envelope->recipients.size(); ++i) {
        if (is_finished(message.state, i)) continue;
        input.recipients.push_back(
            {message.envelope->recipients[i], report::Action::Failed, removed_outcome(), {}, {}});
    }
    input.required_tls = message.state.required_tls;
    input.history = message.state.history;
    input.last_attempt = message.state.last_attempt;
    input.headers = report::header_of(bytes);
    if (!message.body.in_file) input.message = message.body.bytes;
    auto notice = report::make_notice(input);
    ledger::NoticeFacts facts;
    facts.about = message.envelope->accepted_as;
    if (!notice) {
        facts.kind = report::notice_kind(report::Action::Failed);
        facts.reason = report::decide_notice(input).reason;
        log_.notice(std::move(facts));
        return nullptr;
    }
    facts.id = input.id;
    facts.kind = report::notice_kind(notice->kind);
    facts.to = printable(notice->envelope.recipients.front().address.format());
    facts.reason = notice->reason;
    facts.content = notice->content;
    log_.notice(std::move(facts));
    metrics_.add(metrics::Metric::NoticesSent);

    auto stored = std::make_shared<spool::StoredMessage>();
    stored->id = input.id;
    stored->body.id = ids_.next<BodyId>(now);
    stored->body.size = notice->bytes.size();
    stored->body.bytes = Bytes{std::move(notice->bytes)};
    stored->envelope = std::make_shared<mail::Envelope>(std::move(notice->envelope));
    stored->state.next_attempt = now;
    return stored;
}

// One message for each route, in one durable change; they share its body. The first part goes on
// under its id, so that who held it finds it; when that is recorded it comes here again, and moves.
void Dispatcher::Impl::record_split(const std::shared_ptr<MessageChange>& change)
{
    const spool::StoredMessage& message = *change->message;
    std::map<std::string, std::vector<std::uint32_t>> by_route;
    for (std::uint32_t i = 0; i < message.envelope->recipients.size(); ++i) {
        if (is_finished(message.state, i)) continue;
        by_route[routes_->of(message.envelope->organization,
                             message.envelope->recipients[i].address)]
            .push_back(i);
    }
    if (by_route.size() < 2) {
        // All go one way after all: it only moves.
        to_split_.erase(change->id);
        events_.emplace_back(queue::Finished{change->id});
        admit(change->id, change->lease, *message.envelope, message.state, message.body.size);
        end(change);
        return;
    }
    spool::Change what;
    what.kind = spool::Change::Kind::Deferred;
    what.state = message.state;
    auto& finished = what.state.finished;
    const std::string& stays = by_route.begin()->first;
    for (const auto& [route, recipients] : by_route) {
        if (route == stays) continue;
        finished.insert(finished.end(), recipients.begin(), recipients.end());
        auto part = std::make_shared<spool::StoredMessage>(message);
        part->id = ids_.next<MessageId>(clock_.wall());
        auto envelope = std::make_shared<mail::Envelope>(*message.envelope);
        envelope->recipients.clear();
        for (const std::uint32_t i : recipients) {
            envelope->recipients.push_back(message.envelope->recipients[i]);
        }
        part->envelope = std::move(envelope);
        part->state.finished.clear();
        what.new_messages.push_back(std::move(part));
    }
    std::sort(finished.begin(), finished.end());
    record(change, std::move(what));
}

void Dispatcher::Impl::recorded(const std::shared_ptr<MessageChange>& change)
{
    switch (change->commit.result) {
    case spool::Durability::Durable:
        break;
    case spool::Durability::Refused:
    case spool::Durability::Unknown:
        // Unknown may still come true: then on_recorded() tells, and the message changes all the
        // same.
        give_up(change, "It could not be recorded: the disk does not take it now.");
        return;
    }
    std::vector<ledger::Log::Field> fields{
        {"id", format_id(change->id)},
        {"accepted_as", format_id(change->message->envelope->accepted_as)}};
    if (change->kind == Kind::Approve) {
        fields.emplace_back("by", change->approval.by);
        fields.emplace_back("why", change->approval.reason);
        approvals_.insert_or_assign(change->id, change->approval);
        // Its destination may rest for the very trouble that the approval is about.
        (void)scheduler_.retry(change->id, moment().queue);
    }
    log_.event(ledger::Level::Info, log_event(change->kind), std::move(fields));
    // What was approved, and why, is written down before anybody is told, and before it is used.
    if (change->kind == Kind::Approve) log_.flush();
    answer(*change, AnswerKind::Done, std::string{done_words(change->kind)});
    end(change);
}

void Dispatcher::Impl::give_up(const std::shared_ptr<MessageChange>& change, std::string words)
{
    answer(*change, AnswerKind::Refused, std::move(words));
    scheduler_.release(change->id, moment().queue);
    if (change->kind == Kind::Split) {
        constexpr Duration kPause = std::chrono::seconds{5};
        no_split_before_ = clock_.now() + kPause;
        splits_.push_back(change->id);
    } else if (change->message && !to_split_.contains(change->id)) {
        // As the spool has it: the queue may have held it only until this change.
        spool::Change as_it_was;
        as_it_was.kind = spool::Change::Kind::Deferred;
        as_it_was.lease = change->lease;
        as_it_was.state = change->message->state;
        note(as_it_was);
    }
    end(change);
}

void Dispatcher::Impl::end(const std::shared_ptr<MessageChange>& change)
{
    if (change->kind == Kind::Split) --splitting_;
    let_go(change.get());
}

void Dispatcher::Impl::split_more()
{
    if (!granting_ || clock_.now() < no_split_before_) return;
    while (splitting_ < kSplitsAtOnce && !splits_.empty()) {
        const MessageId id = splits_.front();
        splits_.pop_front();
        if (!to_split_.contains(id)) continue;
        const auto row = scheduler_.find(id);
        if (!row) {
            to_split_.erase(id);
            continue;
        }
        // Under way or reserved: it comes back to splits_ when it returns.
        if (row->state == queue::State::UnderWay || row->state == queue::State::Reserved) continue;
        ++splitting_;
        begin(make_change(id, Kind::Split));
    }
}

}  // namespace hermetic::dispatch
