// Pausing a destination, and resuming it: recorded first, then so.
#include "core/quote.h"
#include "core/text.h"
#include "dispatch/dispatcher_impl.h"
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

std::uint64_t Dispatcher::Impl::messages_of(std::string_view destination) const
{
    std::uint64_t messages = 0;
    for (const queue::DestinationRow& row : scheduler_.destinations()) {
        if (row.route->label == destination) messages += row.messages;
    }
    return messages;
}

// Not Done: nothing has changed.
OperatorAnswer Dispatcher::Impl::set_pauses(queue::Pauses pauses)
{
    if (!granting_) return answer_stopping();
    if (const auto saved = settings_.save_pauses(pauses); !saved)
        return {AnswerKind::Refused, 0, "It could not be recorded: " + saved.error() + "."};
    scheduler_.set_pauses(std::move(pauses), moment().queue);
    return {};
}

void Dispatcher::Impl::pause(const std::string& destination, const std::string& why,
                             const events::Actor& by, const Answer& answer)
{
    queue::Pauses pauses = scheduler_.pauses();
    const auto [place, fresh] =
        pauses.insert({destination, {printable_once(by.name), why, clock_.wall()}});
    if (!fresh) {
        answer({AnswerKind::Done, messages_of(destination),
                "It was paused already: " + queue::describe(place->second) + "."});
        return;
    }
    if (pauses.size() > queue::kMostPauses) {
        answer({AnswerKind::Refused, 0, "Too many destinations are paused."});
        return;
    }
    OperatorAnswer done = set_pauses(std::move(pauses));
    if (done.kind == AnswerKind::Done) {
        auto operation = operation_on(events::QueueOperation::Kind::Pause, destination, by);
        operation.why = why;
        publisher_.publish(std::move(operation));
        done.count = messages_of(destination);
        done.words = "It is paused: nothing is delivered to " + quoted(destination) +
                     " until it is resumed. " + describe_waiting(done.count);
    }
    answer(std::move(done));
}

void Dispatcher::Impl::resume(const std::string& destination, const events::Actor& by,
                              const Answer& answer)
{
    queue::Pauses pauses = scheduler_.pauses();
    if (pauses.erase(destination) == 0) {
        answer({AnswerKind::NotFound, 0, "This destination is not paused."});
        return;
    }
    OperatorAnswer done = set_pauses(std::move(pauses));
    if (done.kind == AnswerKind::Done) {
        publisher_.publish(operation_on(events::QueueOperation::Kind::Resume, destination, by));
        done.count = messages_of(destination);
        done.words = "It is resumed. " + describe_waiting(done.count);
    }
    answer(std::move(done));
}

}  // namespace hermetic::dispatch
