// What is asked of a whole selection: counts, the summary, changes. A long queue is looked at in
// parts, between which the thread does everything else; what is changed at a time is bounded as
// well.
#include "dispatch/dispatcher_impl.h"
#include "events/publisher.h"

#include <algorithm>
#include <limits>

namespace hermetic::dispatch {

namespace {

constexpr std::size_t kExaminedAtOnce = 10'000;
constexpr std::size_t kFoundAtOnce = 1000;
// Messages that are read from the spool for one request, to learn their recipients.
constexpr std::size_t kMostReads = 2000;
constexpr std::size_t kChangesAtOnce = 64;
// Roundings between the clocks: what is counted twice or not is bounded by
// SelectionChange::at_most.
constexpr std::chrono::milliseconds kRounding{10};

}  // namespace

queue::Selection Dispatcher::Impl::in_queue_time(queue::Selection selection) const
{
    if (selection.accepted_by)
        selection.accepted_by = moment().from_wall(*selection.accepted_by) + kRounding;
    if (selection.destination)
        selection.destination = routing::label_of_key(*selection.destination, first_organization());
    return selection;
}

net::Task<queue::Selected> Dispatcher::Impl::has_recipient(MessageId id, std::string pattern)
{
    const auto message = co_await load(id);
    // Without words it is gone.
    if (!message)
        co_return message.error().empty() ? queue::Selected::No : queue::Selected::AskRecipients;
    std::vector<std::string> waiting;
    const auto& recipients = (*message)->envelope->recipients;
    for (const std::uint32_t index : settlement::waiting_recipients(**message))
        waiting.push_back(recipients[index].address.format());
    co_return queue::names_one_of(pattern, waiting) ? queue::Selected::Yes : queue::Selected::No;
}

net::Task<Dispatcher::Impl::FoundAll> Dispatcher::Impl::find_all(
    queue::Selection selection, std::uint32_t cursor, std::uint64_t limit,
    std::function<void(const MessageId&)> use)
{
    FoundAll all;
    queue::Pass pass;
    pass.cursor = cursor;
    std::uint64_t count = 0;
    std::size_t reads = 0;
    while (!pass.over && !stopped_) {
        const auto found = scheduler_.select(selection, kFoundAtOnce, kExaminedAtOnce, pass);
        for (const queue::Found& each : found) {
            if (count == limit || reads == kMostReads) {
                all.next = each.place;
                co_return all;
            }
            queue::Selected how = each.how;
            if (how == queue::Selected::AskRecipients) {
                ++reads;
                how = co_await has_recipient(each.id, *selection.recipient);
            }
            // It may have ended while others were read.
            if (how == queue::Selected::No || !scheduler_.find(each.id)) continue;
            if (how == queue::Selected::AskRecipients) {
                ++all.unread;
                continue;
            }
            use(each.id);
            ++count;
        }
        if (!pass.over) (void)co_await net::sleep_until(core_, clock_.now());
    }
    co_return all;
}

void Dispatcher::Impl::count(queue::Selection selection, MessageChange::Kind change,
                             std::uint32_t cursor, const std::function<void(CountAnswer)>& answer)
{
    selection.states = selection.states & concerned_states(change);
    tasks_.spawn(count_all(in_queue_time(std::move(selection)), cursor, answer));
}

net::Task<> Dispatcher::Impl::count_all(queue::Selection selection, std::uint32_t cursor,
                                        std::function<void(CountAnswer)> answer)
{
    CountAnswer counted;
    counted.as_of = clock_.wall();
    counted.complete = claimed_all_;
    std::function<void(const MessageId&)> use = [&counted](const MessageId&) {
        ++counted.messages;
    };
    const FoundAll all = co_await find_all(
        std::move(selection), cursor, std::numeric_limits<std::uint64_t>::max(), std::move(use));
    counted.next = all.next;
    counted.unread = all.unread;
    answer(std::move(counted));
}

void Dispatcher::Impl::summary(queue::Selection selection, std::size_t limit,
                               const std::function<void(queue::Summary::Rows)>& answer)
{
    tasks_.spawn(summarize(in_queue_time(std::move(selection)), limit, answer));
}

net::Task<> Dispatcher::Impl::summarize(queue::Selection selection, std::size_t limit,
                                        std::function<void(queue::Summary::Rows)> answer)
{
    queue::Summary summary;
    std::function<void(const MessageId&)> use = [this, &summary](const MessageId& id) {
        scheduler_.summarize(id, summary);
    };
    const FoundAll all = co_await find_all(
        std::move(selection), 0, std::numeric_limits<std::uint64_t>::max(), std::move(use));
    queue::Summary::Rows rows = summary.rows(limit);
    rows.unread = all.unread;
    const queue::Moment now = moment();
    for (queue::SummaryRow& row : rows.rows) row.oldest = now.to_wall(row.oldest);
    rows.others.oldest = now.to_wall(rows.others.oldest);
    rows.total.oldest = now.to_wall(rows.total.oldest);
    answer(std::move(rows));
}

void Dispatcher::Impl::change_selected(SelectionChange request,
                                       const std::function<void(SelectionAnswer)>& answer)
{
    if (!granting_) {
        answer({OperatorAnswer::Kind::Stopping, {}});
        return;
    }
    tasks_.spawn(change_all(std::move(request), answer));
}

// Chosen first, then changed, each as it is by then; what no longer matches is left alone.
net::Task<> Dispatcher::Impl::change_all(SelectionChange request,
                                         std::function<void(SelectionAnswer)> answer)
{
    events::QueueOperation operation = describe_selection(request);
    request.selection.states = request.selection.states & concerned_states(request.change.kind);
    request.selection = in_queue_time(std::move(request.selection));
    std::vector<MessageId> ids;
    std::function<void(const MessageId&)> use = [&ids](const MessageId& id) { ids.push_back(id); };
    SelectionAnswer result;
    const FoundAll all = co_await find_all(request.selection, request.cursor,
                                           std::min(request.at_most, kMostChanges), std::move(use));
    result.next = all.next;
    result.counts.unread = all.unread;
    for (std::size_t first = 0; first < ids.size() && !stopped_; first += kChangesAtOnce) {
        const std::size_t count = std::min(kChangesAtOnce, ids.size() - first);
        const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(first);
        std::vector<MessageId> some{begin, begin + static_cast<std::ptrdiff_t>(count)};
        co_await change_some(request, std::move(some), result.counts);
    }
    operation.count = result.counts.done + result.counts.later;
    if (*operation.count > 0) publisher_.publish(std::move(operation));
    if (stopped_) result.kind = OperatorAnswer::Kind::Stopping;
    advance();
    answer(std::move(result));
}

net::Task<> Dispatcher::Impl::change_some(const SelectionChange& request,
                                          std::vector<MessageId> ids, SelectionCounts& counts)
{
    net::Event all_answered{core_};
    std::size_t open = ids.size();
    const Answer on_answer = [&](const OperatorAnswer& answer) {
        add(counts, answer);
        if (--open == 0) all_answered.set();
    };
    for (const MessageId& id : ids) {
        if (scheduler_.is_selected(request.selection, id) == queue::Selected::No) {
            on_answer({OperatorAnswer::Kind::Refused, 0, "Meanwhile it has changed."});
        } else if (request.change.kind == MessageChange::Kind::Retry) {
            on_answer(retry_now(id, request.change));
        } else if (tasks_.spawn(change_message(id, request.change, on_answer)) ==
                   net::TaskGroup::Spawned::Closed) {
            on_answer(answer_stopping());
        }
    }
    co_await all_answered.wait();
}

OperatorAnswer Dispatcher::Impl::retry_now(const MessageId& id, const MessageChange& change)
{
    const QueueFacts facts = facts_of(id);
    if (auto refusal = refuse_change(change, facts)) return *std::move(refusal);
    (void)scheduler_.retry(id, moment().queue);
    return {OperatorAnswer::Kind::Done, 1, std::string{describe_done(change.kind, facts)}};
}

OperatorAnswer Dispatcher::Impl::retry_one(const MessageId& id, const MessageChange& change)
{
    OperatorAnswer done = retry_now(id, change);
    if (done.kind == OperatorAnswer::Kind::Done && done.count > 0) {
        events::QueueOperation operation;
        operation.kind = events::QueueOperation::Kind::Retry;
        operation.by = change.by;
        operation.id = id;
        publisher_.publish(std::move(operation));
    }
    return done;
}

}  // namespace hermetic::dispatch
