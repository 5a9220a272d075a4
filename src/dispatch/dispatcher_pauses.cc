// Pausing a destination, and resuming it: recorded first, then so.
#include "core/quote.h"
#include "core/text.h"
#include "dispatch/dispatcher_impl.h"
#include "dispatch/pause_check.h"
#include "events/publisher.h"

namespace hermetic::dispatch {

namespace {

using AnswerKind = OperatorAnswer::Kind;

events::QueueOperation operation_on(events::QueueOperation::Kind kind,
                                    const std::string& destination, const events::Actor& by)
{
    events::QueueOperation operation;
    operation.kind = kind;
    operation.by = by;
    operation.destination = printable(destination);
    return operation;
}

std::string describe_waiting(std::uint64_t messages)
{
    if (messages == 0) return "No mail waits for it now.";
    return std::to_string(messages) +
           (messages == 1 ? " message waits for it." : " messages wait for it.");
}

}  // namespace

const std::string& Dispatcher::Impl::first_organization() const
{
    return routes_->snapshot().organization().name;
}

std::uint64_t Dispatcher::Impl::messages_of(std::string_view key) const
{
    std::uint64_t messages = 0;
    for (const queue::DestinationRow& row : scheduler_.destinations()) {
        if (row.messages > 0 && routing::format_key(*row.route) == key) messages += row.messages;
    }
    return messages;
}

// Those of an earlier version have labels. Without any organization nobody knows yet whose they
// are.
void Dispatcher::Impl::take_pauses(const queue::Pauses& pauses)
{
    scheduler_.set_pauses(ownerless_ ? pauses : queue::complete_keys(pauses, first_organization()),
                          moment().queue);
}

// Not Done: nothing has changed.
OperatorAnswer Dispatcher::Impl::set_pauses(queue::Pauses pauses)
{
    if (!granting_) return answer_stopping();
    if (const auto saved = settings_.save_pauses(pauses); !saved)
        return {AnswerKind::NotRecorded, 0, "It could not be recorded: " + saved.error() + "."};
    scheduler_.set_pauses(std::move(pauses), moment().queue);
    return {};
}

void Dispatcher::Impl::pause(const std::string& destination, const std::string& why,
                             const events::Actor& by, const Answer& answer)
{
    const std::string key = routing::key_of_label(destination, first_organization());
    const std::string label = routing::label_of_key(key, first_organization());
    queue::Pauses pauses = scheduler_.pauses();
    const auto [place, fresh] = pauses.insert({key, {printable_once(by.name), why, clock_.wall()}});
    if (!fresh) {
        answer({AnswerKind::Done, messages_of(key),
                "It was paused already: " + queue::describe(place->second) + "."});
        return;
    }
    const PauseCheck check =
        messages_of(key) == 0 ? check_pause(routes_->snapshot(), key) : PauseCheck{{}, true};
    if (!check.refusal.empty()) {
        answer({AnswerKind::Refused, 0, check.refusal});
        return;
    }
    if (pauses.size() > queue::kMostPauses) {
        answer({AnswerKind::Refused, 0, "Too many destinations are paused."});
        return;
    }
    OperatorAnswer done = set_pauses(std::move(pauses));
    if (done.kind == AnswerKind::Done) {
        auto operation = operation_on(events::QueueOperation::Kind::Pause, label, by);
        operation.why = why;
        publisher_.publish(std::move(operation));
        done.count = messages_of(key);
        done.words = "It is paused: nothing is delivered to " + quoted(label) +
                     " until it is resumed. " + describe_waiting(done.count);
        if (!check.named)
            done.warning = "no connector and no accepted domain names " + quoted(label) +
                           ": compare it with `hermetic queue destinations`, and resume it if it "
                           "is not what you meant";
    }
    answer(std::move(done));
}

void Dispatcher::Impl::resume(const std::string& destination, const events::Actor& by,
                              const Answer& answer)
{
    queue::Pauses pauses = scheduler_.pauses();
    const std::string key = routing::key_of_label(destination, first_organization());
    const std::string label = routing::label_of_key(key, first_organization());
    if (pauses.erase(key) == 0) {
        answer({AnswerKind::NotFound, 0, "This destination is not paused."});
        return;
    }
    OperatorAnswer done = set_pauses(std::move(pauses));
    if (done.kind == AnswerKind::Done) {
        publisher_.publish(operation_on(events::QueueOperation::Kind::Resume, label, by));
        done.count = messages_of(key);
        done.words = "It is resumed.";
        if (done.count > 0) done.words += " " + describe_waiting(done.count);
    }
    answer(std::move(done));
}

}  // namespace hermetic::dispatch
