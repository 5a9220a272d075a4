#include "admin/queue_resource.h"

#include "admin/await_answer.h"
#include "admin/objects_answer.h"
#include "admin/queue_json.h"
#include "admin/queue_operations.h"
#include "admin/queue_query.h"
#include "admin/shown.h"
#include "core/quote.h"
#include "core/text.h"
#include "dispatch/dispatcher.h"

#include <boost/json.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace hermetic::admin {
namespace {

namespace json = boost::json;
using dispatch::OperatorAnswer;

json::object row_json(const dispatch::ListRow& row, WallTime now)
{
    const queue::MessageRow& each = row.row;
    json::array to;
    for (const std::string& recipient : row.recipients) to.emplace_back(recipient);
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(now - each.accepted_at);
    return {{"id", format_id(each.id)},
            {"state", queue::name(each.state)},
            {"from", each.sender.empty() ? "<>" : shown(each.sender)},
            {"to", to},
            {"destination", shown(each.route->label)},
            {"organization", shown(each.question.organization)},
            {"domain", shown(each.question.format_hosts())},
            {"size", each.size},
            {"recipients", each.recipients},
            {"attempts", each.attempts},
            {"accepted_at", format_rfc3339(each.accepted_at)},
            {"age", std::max<std::int64_t>(age.count(), 0)},
            {"next_attempt", format_rfc3339(each.next_attempt)},
            {"last_reason", each.reason},
            {"waits_for", each.waits_for},
            {"last_host", row.last_host},
            {"last_text", row.last_text}};
}

void add_recipients(json::object& body, const spool::StoredMessage& message)
{
    json::array waiting;
    json::array done;
    const auto& recipients = message.envelope->recipients;
    for (std::uint32_t i = 0; i < recipients.size(); ++i) {
        const auto& finished = message.state.finished;
        auto& list = std::binary_search(finished.begin(), finished.end(), i) ? done : waiting;
        list.emplace_back(shown(recipients[i].address.format()));
    }
    body["to"] = waiting;
    body["done"] = done;
}

// What was asked for it, and what attempts came to.
void add_history(json::object& body, const spool::MessageState& state)
{
    if (state.required_tls) {
        body["tls_required"] = mail::name(state.required_tls->level);
        body["tls_required_by"] = shown(state.required_tls->because);
    }
    json::array causes;
    for (const facts::AttemptCause& each : state.history.causes) {
        causes.emplace_back(json::object{{"attempts", each.count},
                                         {"first", each.first},
                                         {"first_at", format_rfc3339(each.first_at)},
                                         {"last", each.last},
                                         {"last_at", format_rfc3339(each.last_at)},
                                         {"host", shown(each.host)},
                                         {"reason", shown(each.reason.text())},
                                         {"text", printable_once(each.text, kLongestShown)}});
    }
    if (!causes.empty()) body["causes"] = std::move(causes);
}

json::object message_json(const dispatch::ShowAnswer& answer, WallTime now)
{
    dispatch::ListRow row;
    row.row = *answer.row;
    json::object body = row_json(row, now);
    if (answer.row->pause) add_pause(body, *answer.row->pause);
    if (answer.message == nullptr) {
        body["error"] = answer.error;
        return body;
    }
    const spool::StoredMessage& message = *answer.message;
    const mail::Envelope& envelope = *message.envelope;
    add_recipients(body, message);
    body["accepted_as"] = format_id(envelope.accepted_as);
    body["message_id"] = shown(envelope.message_id);
    body["client"] = envelope.arrival.client.format();
    body["helo"] = shown(envelope.arrival.helo);
    body["protocol"] = envelope.arrival.protocol;
    body["tls"] = envelope.arrival.tls_version;
    body["listener"] = envelope.arrival.listener;
    body["session"] = format_id(envelope.arrival.session);
    body["last_host"] = message.state.last_host;
    body["last_text"] = message.state.last_text;
    if (answer.approval) {
        body["approved_by"] = answer.approval->by;
        body["approved_because"] = answer.approval->reason;
        body["approved_at"] = format_rfc3339(answer.approval->at);
    }
    if (const auto& handled = message.state.handled) {
        body["handled"] = handled->what;
        body["handled_by"] = handled->by;
        body["handled_at"] = format_rfc3339(handled->at);
    }
    body["delay_notified"] = message.state.delay_notified;
    if (message.state.tls_failing_since) {
        body["tls_failing_since"] = format_rfc3339(*message.state.tls_failing_since);
    }
    add_history(body, message.state);
    return body;
}

Response no_id()
{
    return refuse(400, "this is not a message id",
                  "26 characters, as in the reply that accepted it");
}

// Lines of foreign text; those that are too long are cut.
json::array lines_of(std::string_view text)
{
    constexpr std::size_t kLongest = 2000;
    json::array lines;
    while (!text.empty()) {
        const auto end = text.find('\n');
        std::string line{text.substr(0, end)};
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.ends_with('\r')) line.pop_back();
        std::replace(line.begin(), line.end(), '\t', ' ');
        lines.emplace_back(printable_once(line, kLongest));
    }
    return lines;
}

}  // namespace

net::Task<Response> list_queue(Api& api, Request request)
{
    dispatch::ListRequest wanted;
    wanted.details = dispatch::ListRequest::Details::Yes;
    auto selection = parse_selection(request);
    if (!selection) co_return selection.error();
    wanted.selection = *std::move(selection);
    const auto limit = number_in(request, "limit", 100);
    const auto cursor = cursor_in(request);
    if (!limit || !cursor) co_return refuse_number();
    if (*limit == 0) co_return refuse(400, "\"limit\" is 0", "a whole number from 1");
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
    wanted.limit = static_cast<std::uint32_t>(std::min(*limit, kMost));
    wanted.cursor = *cursor;
    if (wanted.limit > 200) wanted.details = dispatch::ListRequest::Details::No;
    std::function<void(std::function<void(dispatch::ListAnswer)>)> start =
        [&api, wanted](std::function<void(dispatch::ListAnswer)> done) {
            api.dispatcher.list(wanted, std::move(done));
        };
    const auto page =
        co_await await_answer<dispatch::ListAnswer>(api.core, std::move(start), kQueuePatience);
    if (!page) co_return queue_too_slow();
    json::array messages;
    const WallTime now = api.core.clock().wall();
    for (const dispatch::ListRow& row : page->rows) messages.push_back(row_json(row, now));
    json::object body{{"messages", messages}, {"unread", page->unread}};
    if (page->next) body["cursor"] = *page->next;
    co_return Response{200, "application/json", json::serialize(body)};
}

net::Task<Response> show_message(Api& api, Request request)
{
    const auto id = parse_id<MessageId>(request.path[2]);
    if (!id) co_return no_id();
    std::function<void(std::function<void(dispatch::ShowAnswer)>)> start =
        [&api, id](std::function<void(dispatch::ShowAnswer)> done) {
            api.dispatcher.show(*id, std::move(done));
        };
    const auto found =
        co_await await_answer<dispatch::ShowAnswer>(api.core, std::move(start), kQueuePatience);
    if (!found) co_return queue_too_slow();
    if (!found->row && !found->error.empty()) co_return refuse(503, found->error);
    if (!found->row) {
        co_return refuse(404, "no such message is in the queue", "an id of `hermetic queue list`");
    }
    co_return Response{200, "application/json",
                       json::serialize(message_json(*found, api.core.clock().wall()))};
}

net::Task<Response> view_message(Api& api, Request request)
{
    const auto id = parse_id<MessageId>(request.path[2]);
    if (!id) co_return no_id();
    const auto part =
        request.path[3] == "header" ? dispatch::ViewPart::Header : dispatch::ViewPart::Message;
    using dispatch::ViewAnswer;
    std::function<void(std::function<void(ViewAnswer)>)> start =
        [&api, id, part, by = actor_of(request)](std::function<void(ViewAnswer)> done) {
            api.dispatcher.view(*id, part, by, std::move(done));
        };
    const auto shown =
        co_await await_answer<ViewAnswer>(api.core, std::move(start), kQueuePatience);
    if (!shown) co_return queue_too_slow();
    if (shown->kind != OperatorAnswer::Kind::Done) {
        OperatorAnswer refusal{shown->kind, 0, shown->words};
        co_return operator_response(refusal);
    }
    json::object body{{"id", format_id(*id)},
                      {"size", shown->size},
                      {"whole", shown->whole},
                      {"header", lines_of(shown->header)}};
    std::string_view text = shown->body;
    if (text.starts_with("\r\n")) text.remove_prefix(2);
    if (part == dispatch::ViewPart::Message) body["body"] = lines_of(text);
    co_return Response{200, "application/json", json::serialize(body)};
}

net::Task<Response> act_on_message(Api& api, dispatch::MessageChange::Kind kind, Request request)
{
    const auto id = parse_id<MessageId>(request.path[2]);
    if (!id) co_return no_id();
    auto change = make_change(kind, request, api.core.clock().wall());
    if (!change) co_return change.error();
    std::function<void(std::function<void(OperatorAnswer)>)> start =
        [&api, id, change = *std::move(change)](std::function<void(OperatorAnswer)> done) {
            api.dispatcher.change(*id, change, std::move(done));
        };
    const auto done =
        co_await await_answer<OperatorAnswer>(api.core, std::move(start), kQueuePatience);
    co_return operator_response(done);
}

}  // namespace hermetic::admin
