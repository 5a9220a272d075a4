#include "admin/queue_operations.h"

#include "admin/await_answer.h"
#include "admin/objects_answer.h"
#include "admin/queue_query.h"
#include "admin/shown.h"
#include "core/assert.h"
#include "core/text.h"
#include "dispatch/dispatcher.h"

#include <boost/json.hpp>

#include <algorithm>

namespace hermetic::admin {
namespace {

namespace json = boost::json;
using dispatch::MessageChange;
using dispatch::OperatorAnswer;
using dispatch::SelectionAnswer;

constexpr std::size_t kMostRows = 1000;

net::Task<std::optional<SelectionAnswer>> ask_for_change(Api& api,
                                                         dispatch::SelectionChange request)
{
    std::function<void(std::function<void(SelectionAnswer)>)> start =
        [&api, request = std::move(request)](std::function<void(SelectionAnswer)> done) {
            api.dispatcher.change_selected(request, std::move(done));
        };
    auto answer =
        co_await await_answer<SelectionAnswer>(api.core, std::move(start), kQueuePatience);
    co_return answer;
}

json::object summary_json(const queue::SummaryRow& row, WallTime now)
{
    json::array by_age;
    for (const std::uint64_t messages : row.by_age) by_age.emplace_back(messages);
    const auto oldest = std::chrono::duration_cast<std::chrono::seconds>(now - row.oldest);
    json::object body{{"destination", shown(row.destination)},
                      {"reason", shown(row.reason)},
                      {"messages", row.messages},
                      {"size", row.octets},
                      {"held", row.held},
                      {"oldest", row.messages == 0 ? 0 : std::max<std::int64_t>(oldest.count(), 0)},
                      {"by_age", by_age}};
    return body;
}

}  // namespace

Response queue_too_slow()
{
    return refuse(503, "the queue did not answer in time; try again, and see the log");
}

Response operator_response(const std::optional<OperatorAnswer>& answer)
{
    if (!answer) return queue_too_slow();
    switch (answer->kind) {
    case OperatorAnswer::Kind::Done:
    case OperatorAnswer::Kind::AfterAttempt: {
        const bool now = answer->kind == OperatorAnswer::Kind::Done;
        json::object body{{"done", answer->words}, {"count", answer->count}, {"now", now}};
        if (!answer->warning.empty()) body["warnings"] = json::array{answer->warning};
        return {now ? 200 : 202, "application/json", json::serialize(body)};
    }
    case OperatorAnswer::Kind::NotFound:
        return refuse(404, answer->words, "one of `hermetic queue list`, or destinations");
    case OperatorAnswer::Kind::Refused:
        return refuse(409, answer->words);
    case OperatorAnswer::Kind::NotRecorded:
        return refuse(507, answer->words, "a disk that has room and can be written");
    case OperatorAnswer::Kind::Starting:
        return refuse(503, answer->words);
    case OperatorAnswer::Kind::Stopping:
        return refuse(503, "the server is stopping");
    }
    unreachable("every OperatorAnswer::Kind is handled above");
}

std::optional<MessageChange::Kind> parse_operation(std::string_view name)
{
    using Kind = MessageChange::Kind;
    if (name == "retry") return Kind::Retry;
    if (name == "hold") return Kind::Hold;
    if (name == "release") return Kind::Release;
    if (name == "approve") return Kind::Approve;
    if (name == "remove") return Kind::Remove;
    return std::nullopt;
}

// An approval is audited: who, as the kernel knows, and why, in their words.
Result<MessageChange, Response> make_change(MessageChange::Kind kind, const Request& request,
                                            WallTime now)
{
    MessageChange change;
    change.kind = kind;
    change.by = actor_of(request);
    change.tell = query_value(request, "notice") == "no" ? dispatch::TellSender::No
                                                         : dispatch::TellSender::Yes;
    if (kind != MessageChange::Kind::Approve) return change;
    change.approval.reason = printable(query_value(request, "reason"), 500);
    if (trim(change.approval.reason).empty())
        return failure(refuse(400, "the reason is missing", "reason=, in a few words"));
    if (!request.user_id)
        return failure(
            refuse(403, "the requesting account is not known", "a client on the control socket"));
    change.approval.by = printable(change.by.name, 100);
    change.approval.at = now;
    return change;
}

net::Task<Response> count_queue(Api& api, Request request)
{
    const std::string name = query_value(request, "operation");
    const auto kind = name.empty() ? MessageChange::Kind::Remove : parse_operation(name);
    if (!kind)
        co_return refuse(400, "there is no such operation",
                         "retry, hold, release, approve or remove");
    if (*kind == MessageChange::Kind::Approve) request.query.erase("reason");
    const auto selection = parse_selection(request);
    if (!selection) co_return selection.error();
    const auto cursor = cursor_in(request);
    if (!cursor) co_return refuse_number();
    using Counted = dispatch::CountAnswer;
    std::function<void(std::function<void(Counted)>)> start =
        [&api, selection = *selection, kind = *kind,
         cursor = *cursor](std::function<void(Counted)> done) {
            api.dispatcher.count(selection, kind, cursor, std::move(done));
        };
    const auto counted = co_await await_answer<Counted>(api.core, std::move(start), kQueuePatience);
    if (!counted) co_return queue_too_slow();
    json::object body{{"count", counted->messages},
                      {"as_of", format_rfc3339(counted->as_of)},
                      {"complete", counted->complete},
                      {"unread", counted->unread}};
    if (counted->next) body["cursor"] = *counted->next;
    co_return Response{200, "application/json", json::serialize(body)};
}

net::Task<Response> summarize_queue(Api& api, Request request)
{
    const auto selection = parse_selection(request);
    if (!selection) co_return selection.error();
    if (selection->recipient && !selection->recipient->starts_with('@'))
        co_return refuse(400, "a summary cannot be limited to recipients",
                         "recipient=@example.org");
    const auto limit = number_in(request, "limit", 50);
    if (!limit) co_return refuse_number();
    using Rows = queue::Summary::Rows;
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(*limit, kMostRows));
    std::function<void(std::function<void(Rows)>)> start = [&api, selection = *selection,
                                                            most](std::function<void(Rows)> done) {
        api.dispatcher.summary(selection, most, std::move(done));
    };
    const auto summary = co_await await_answer<Rows>(api.core, std::move(start), kQueuePatience);
    if (!summary) co_return queue_too_slow();
    const WallTime now = api.core.clock().wall();
    json::array ends;
    for (const std::chrono::minutes each : queue::kAgeEnds) ends.emplace_back(each.count());
    json::array rows;
    for (const auto& row : summary->rows) rows.push_back(summary_json(row, now));
    const json::object body{{"age_minutes", ends},
                            {"rows", rows},
                            {"others", summary_json(summary->others, now)},
                            {"left_out", summary->left_out},
                            {"unread", summary->unread},
                            {"total", summary_json(summary->total, now)}};
    co_return Response{200, "application/json", json::serialize(body)};
}

net::Task<Response> change_queue(Api& api, MessageChange::Kind kind, Request request)
{
    dispatch::SelectionChange change;
    auto made = make_change(kind, request, api.core.clock().wall());
    if (!made) co_return made.error();
    change.change = *std::move(made);
    if (kind == MessageChange::Kind::Approve) request.query.erase("reason");
    auto selection = parse_change_selection(request);
    if (!selection) co_return selection.error();
    change.selection = *std::move(selection);
    const auto most = number_in(request, "at_most", dispatch::kMostChanges);
    const auto cursor = cursor_in(request);
    if (!most || !cursor) co_return refuse_number();
    change.at_most = *most;
    change.cursor = *cursor;
    const auto answer = co_await ask_for_change(api, std::move(change));
    if (!answer) co_return queue_too_slow();
    if (answer->kind != OperatorAnswer::Kind::Done) co_return refuse(503, "the server is stopping");
    json::object body{{"done", dispatch::describe(kind, answer->counts)},
                      {"count", answer->counts.done},
                      {"later", answer->counts.later},
                      {"left", answer->counts.left},
                      {"why_left", answer->counts.why_left},
                      {"unread", answer->counts.unread}};
    if (answer->next) body["cursor"] = *answer->next;
    co_return Response{200, "application/json", json::serialize(body)};
}

net::Task<std::uint64_t> change_all(Api& api, dispatch::SelectionChange request)
{
    std::uint64_t changed = 0;
    request.at_most = dispatch::kMostChanges;
    for (;;) {
        const auto answer = co_await ask_for_change(api, request);
        if (!answer) co_return changed;
        changed += answer->counts.done + answer->counts.later;
        if (!answer->next) co_return changed;
        request.cursor = *answer->next;
    }
}

}  // namespace hermetic::admin
