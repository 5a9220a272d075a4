#include "dispatch/message_change.h"

#include "facts/reasons.h"
#include "policy/approval.h"
#include "policy/tls_demand.h"

#include <utility>

namespace hermetic::dispatch {

namespace {

using AnswerKind = OperatorAnswer::Kind;
using ChangeKind = MessageChange::Kind;

bool is_blank(std::string_view text)
{
    return text.find_first_not_of(" \t") == std::string_view::npos;
}

// It is durable before it is answered, hence not while an attempt is under way, whose end nobody
// can wait for.
std::string_view refuse_approval(const spool::Approval& approval, queue::State state)
{
    if (is_blank(approval.reason) || is_blank(approval.by))
        return "Account and reason are missing.";
    if (state == queue::State::UnderWay)
        return "It is being delivered now. Approve it when that attempt has ended.";
    return {};
}

// What is tried again at once, hence what can be.
std::string_view refuse_attempt(queue::State state, const QueueFacts& facts)
{
    if (state == queue::State::Held) return "It is held. Release it first.";
    if (facts.paused) return "Its destination is paused. Resume that first.";
    return {};
}

// What was promised for the end of the attempt: a removal stands, a hold can be taken back.
std::optional<OperatorAnswer> answer_by_promise(const MessageChange& change,
                                                const QueueFacts& facts)
{
    if (withdraws_hold(change, facts))
        return OperatorAnswer{AnswerKind::Done, 1,
                              "It is not held: the hold that waited for the end of its attempt is "
                              "withdrawn."};
    const bool contradicts = change.kind == ChangeKind::Hold || change.kind == ChangeKind::Release;
    if (facts.promised != ChangeKind::Remove || !contradicts) return std::nullopt;
    return OperatorAnswer{AnswerKind::Refused, 0,
                          "It will be removed when its attempt ends, unless that delivers it: that "
                          "was promised before."};
}

}  // namespace

OperatorAnswer answer_stopping()
{
    return {AnswerKind::Stopping, 0, "The server is stopping."};
}

OperatorAnswer answer_unknown(QueueFacts::Reading reading)
{
    switch (reading) {
    case QueueFacts::Reading::Over:
        return {AnswerKind::NotFound, 0, "No message in the queue has this id."};
    case QueueFacts::Reading::Stopping:
        return answer_stopping();
    case QueueFacts::Reading::Going:
        break;
    }
    return {AnswerKind::Starting, 0,
            "The queue is still being read from the spool, and this message is not in it yet. "
            "Try again."};
}

std::optional<OperatorAnswer> refuse_change(const MessageChange& change, const QueueFacts& facts)
{
    if (!facts.state) return answer_unknown(facts.reading);
    if (facts.reading == QueueFacts::Reading::Stopping) return answer_stopping();
    const queue::State state = *facts.state;
    if (state == queue::State::Reserved)
        return OperatorAnswer{AnswerKind::Refused, 0,
                              "Another change of it is being recorded. Try again."};
    if (auto answer = answer_by_promise(change, facts)) return answer;
    const bool held = state == queue::State::Held && !facts.awaits_split;
    if (change.kind == ChangeKind::Hold && held)
        return OperatorAnswer{AnswerKind::Done, 1, "It was held already."};
    if (change.kind == ChangeKind::Release && !held)
        return OperatorAnswer{AnswerKind::Refused, 0, "It is not held."};
    if (change.kind == ChangeKind::Retry || change.kind == ChangeKind::Approve) {
        const std::string_view why = refuse_attempt(state, facts);
        if (!why.empty()) return OperatorAnswer{AnswerKind::Refused, 0, std::string{why}};
    }
    if (change.kind == ChangeKind::Retry && state == queue::State::UnderWay)
        return OperatorAnswer{AnswerKind::Done, 0, "It is being delivered now."};
    if (change.kind == ChangeKind::Approve) {
        const std::string_view why = refuse_approval(change.approval, state);
        if (!why.empty()) return OperatorAnswer{AnswerKind::Refused, 0, std::string{why}};
    }
    if (state == queue::State::UnderWay)
        return OperatorAnswer{AnswerKind::AfterAttempt, 0,
                              "It is being delivered now. This will be done when the attempt ends, "
                              "unless that delivers it."};
    return std::nullopt;
}

bool withdraws_hold(const MessageChange& change, const QueueFacts& facts)
{
    return facts.state == queue::State::UnderWay && facts.promised == ChangeKind::Hold &&
           change.kind == ChangeKind::Release;
}

std::optional<OperatorAnswer> refuse_change(const MessageChange& change,
                                            const mail::Envelope& envelope)
{
    if (change.kind != ChangeKind::Approve ||
        policy::may_be_approved(policy::requests_of(envelope)))
        return std::nullopt;
    return OperatorAnswer{AnswerKind::Refused, 0,
                          "Its sender demands REQUIRETLS, which no approval overrides. It can be "
                          "removed, with a notice to its sender."};
}

queue::StateSet concerned_states(ChangeKind kind)
{
    using queue::State;
    switch (kind) {
    case ChangeKind::Retry:
    case ChangeKind::Approve:
        return {State::Waiting, State::Deferred};
    case ChangeKind::Hold:
        return {State::Waiting, State::Deferred, State::UnderWay};
    case ChangeKind::Release:
        return {State::Held};
    case ChangeKind::Remove:
        break;
    }
    return {};
}

settlement::Settlement apply_change(const MessageChange& change, settlement::Settlement known,
                                    Random& random, IdSource& ids)
{
    if (change.kind == ChangeKind::Remove) {
        known.ends = settlement::end_all(
            *known.message,
            facts::local_outcome(facts::Reason::QueueRemoved, "Removed by an administrator"));
        known.tell = change.tell;
        return settlement::settle(std::move(known), random, ids);
    }
    known.change.kind = spool::Change::Kind::Deferred;
    known.change.state = known.message->state;
    spool::MessageState& state = known.change.state;
    switch (change.kind) {
    case ChangeKind::Hold:
        state.held = true;
        state.handled = spool::Handled{"held", change.by.name, known.now};
        break;
    case ChangeKind::Release:
        state.held = false;
        state.handled = spool::Handled{"released", change.by.name, known.now};
        state.next_attempt = known.now;
        break;
    case ChangeKind::Approve:
        state.approval = change.approval;
        break;
    case ChangeKind::Retry:
    case ChangeKind::Remove:
        break;
    }
    return known;
}

std::string_view describe_done(ChangeKind kind, const QueueFacts& facts)
{
    switch (kind) {
    case ChangeKind::Retry:
        return "It is tried now.";
    case ChangeKind::Hold:
        return "It is held until it is released.";
    case ChangeKind::Release:
        return facts.paused ? "It is released; it is tried when its destination is resumed."
                            : "It is released and tried at once.";
    case ChangeKind::Approve:
        return "It is tried at once, this one time below its TLS policy.";
    case ChangeKind::Remove:
        break;
    }
    return "It is removed.";
}

events::QueueOperation::Kind operation_of(ChangeKind kind)
{
    using Operation = events::QueueOperation::Kind;
    switch (kind) {
    case ChangeKind::Retry:
        return Operation::Retry;
    case ChangeKind::Hold:
        return Operation::Hold;
    case ChangeKind::Release:
        return Operation::Release;
    case ChangeKind::Approve:
        return Operation::Approve;
    case ChangeKind::Remove:
        break;
    }
    return Operation::Remove;
}

}  // namespace hermetic::dispatch
