#include "dispatch/selection_change.h"

#include "core/text.h"

namespace hermetic::dispatch {

namespace {

using ChangeKind = MessageChange::Kind;

std::string_view verb_of(ChangeKind kind)
{
    switch (kind) {
    case ChangeKind::Retry:
        return "tried now";
    case ChangeKind::Hold:
        return "held";
    case ChangeKind::Release:
        return "released";
    case ChangeKind::Approve:
        return "tried at once, this one time below their TLS policy";
    case ChangeKind::Remove:
        break;
    }
    return "removed";
}

std::string are(std::uint64_t count)
{
    return std::to_string(count) + (count == 1 ? " is " : " are ");
}

std::string format_states(queue::StateSet states)
{
    using queue::State;
    std::string text;
    if (states == queue::StateSet{}) return text;
    for (const State state : {State::Waiting, State::Deferred, State::UnderWay, State::Held}) {
        if (!states.contains(state)) continue;
        text.append(text.empty() ? "" : ",").append(queue::name(state));
    }
    return text;
}

}  // namespace

void add(SelectionCounts& counts, const OperatorAnswer& answer)
{
    if (answer.kind == OperatorAnswer::Kind::Done && answer.count > 0) {
        ++counts.done;
    } else if (answer.kind == OperatorAnswer::Kind::AfterAttempt) {
        ++counts.later;
    } else {
        ++counts.left;
        if (counts.why_left.empty()) counts.why_left = answer.words;
    }
}

std::string describe(ChangeKind kind, const SelectionCounts& counts)
{
    std::string text = std::to_string(counts.done) +
                       (counts.done == 1 ? " message is " : " messages are ") +
                       std::string{verb_of(kind)} + ".";
    if (counts.later > 0) {
        text += " " + are(counts.later) +
                "being delivered now: this will be done when the attempt ends, unless that "
                "delivers.";
    }
    if (counts.left > 0) {
        text += " " + are(counts.left) + "left";
        text += counts.why_left.empty() ? "." : ": " + counts.why_left;
    }
    if (counts.unread > 0) text += " " + describe_unread(counts.unread);
    return text;
}

std::string describe_unread(std::uint64_t messages)
{
    if (messages == 0) return {};
    return std::to_string(messages) + (messages == 1 ? " message" : " messages") +
           " could not be read, so it is unknown whether they match; they are left unchanged.";
}

events::QueueOperation describe_selection(const SelectionChange& request)
{
    const queue::Selection& selection = request.selection;
    events::QueueOperation event;
    event.kind = operation_of(request.change.kind);
    event.by = request.change.by;
    event.destination = printable(selection.destination.value_or(""));
    event.domain = printable(selection.domain.value_or(""));
    if (selection.sender)
        event.sender = selection.sender->empty() ? "<>" : printable(*selection.sender);
    event.recipient = printable(selection.recipient.value_or(""));
    event.reason = printable(selection.reason.value_or(""));
    if (selection.older_than) event.older_than = format_duration(*selection.older_than);
    event.states = format_states(selection.states);
    if (request.change.kind == ChangeKind::Approve) event.why = request.change.approval.reason;
    return event;
}

}  // namespace hermetic::dispatch
