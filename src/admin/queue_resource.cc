#include "admin/queue_resource.h"

#include "admin/await_answer.h"
#include "admin/objects_answer.h"
#include "core/assert.h"
#include "core/text.h"
#include "dispatch/dispatcher.h"

#include <boost/json.hpp>

#include <algorithm>

namespace hermetic::admin {
namespace {

namespace json = boost::json;
using dispatch::OperatorAnswer;

constexpr Duration kPatience = std::chrono::seconds{20};

Response too_slow()
{
    return refuse(503, "the queue did not answer in time", "trying again; the log says more");
}

std::string shown(std::string_view text)
{
    return printable(text, 320);
}

json::object row_json(const dispatch::ListRow& row)
{
    const queue::MessageRow& each = row.row;
    json::array to;
    for (const std::string& recipient : row.recipients) to.emplace_back(recipient);
    return {{"id", format_id(each.id)},
            {"state", queue::name(each.state)},
            {"from", each.sender.empty() ? "<>" : shown(each.sender)},
            {"to", to},
            {"destination", shown(each.destination)},
            {"domain", shown(each.domain)},
            {"size", each.size},
            {"recipients", each.recipients},
            {"attempts", each.attempts},
            {"accepted_at", format_rfc3339(each.accepted_at)},
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
                                         {"text", shown(each.text)}});
    }
    if (!causes.empty()) body["causes"] = std::move(causes);
}

json::object message_json(const dispatch::ShowAnswer& answer)
{
    dispatch::ListRow row;
    row.row = *answer.row;
    json::object body = row_json(row);
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
    body["delay_notified"] = message.state.delay_notified;
    if (message.state.tls_failing_since) {
        body["tls_failing_since"] = format_rfc3339(*message.state.tls_failing_since);
    }
    add_history(body, message.state);
    return body;
}

Response operator_response(const std::optional<OperatorAnswer>& answer)
{
    if (!answer) return too_slow();
    switch (answer->kind) {
    case OperatorAnswer::Kind::Done:
    case OperatorAnswer::Kind::AfterAttempt: {
        const bool now = answer->kind == OperatorAnswer::Kind::Done;
        const json::object body{{"done", answer->words}, {"count", answer->count}, {"now", now}};
        return {now ? 200 : 202, "application/json", json::serialize(body)};
    }
    case OperatorAnswer::Kind::NotFound:
        return refuse(404, "no such message is in the queue", "an id of `hermetic queue list`");
    case OperatorAnswer::Kind::Refused:
        return refuse(409, answer->words);
    case OperatorAnswer::Kind::Starting:
        return refuse(503, answer->words);
    case OperatorAnswer::Kind::Stopping:
        return refuse(503, "the server is stopping");
    }
    unreachable("every OperatorAnswer::Kind is handled above");
}

Response no_id()
{
    return refuse(400, "this is no message id", "26 characters, as in the reply that accepted it");
}

std::string query(const Request& request, const std::string& name)
{
    const auto found = request.query.find(name);
    return found == request.query.end() ? std::string{} : found->second;
}

std::optional<queue::State> parse_state(std::string_view text)
{
    using queue::State;
    for (const State state : {State::Waiting, State::Deferred, State::UnderWay, State::Held}) {
        if (queue::name(state) == text) return state;
    }
    return std::nullopt;
}

// The filter of a query; false where `state` is none.
bool parse_filter(const Request& request, queue::Filter& filter)
{
    const std::string destination = query(request, "destination");
    if (!destination.empty()) {
        // A domain is what people have at hand; a route key has a colon.
        auto& field =
            destination.find(':') == std::string::npos ? filter.domain : filter.destination;
        field = destination;
    }
    const std::string sender = query(request, "sender");
    if (!sender.empty()) filter.sender = sender == "<>" ? "" : sender;
    const std::string state = query(request, "state");
    if (state.empty()) return true;
    filter.state = parse_state(state);
    return filter.state.has_value();
}

}  // namespace

net::Task<Response> list_queue(Api& api, Request request)
{
    dispatch::ListRequest wanted;
    wanted.details = dispatch::ListRequest::Details::Yes;
    if (!parse_filter(request, wanted.filter)) {
        co_return refuse(400, "there is no such state", "waiting, deferred, active or held");
    }
    const std::string limit = query(request, "limit");
    const std::string cursor = query(request, "cursor");
    wanted.limit = parse_decimal<std::uint32_t>(limit).value_or(100);
    wanted.cursor = parse_decimal<std::uint32_t>(cursor).value_or(0);
    if (wanted.limit > 200) wanted.details = dispatch::ListRequest::Details::No;
    std::function<void(std::function<void(dispatch::ListAnswer)>)> start =
        [&api, wanted](std::function<void(dispatch::ListAnswer)> done) {
            api.dispatcher.list(wanted, std::move(done));
        };
    const auto page =
        co_await await_answer<dispatch::ListAnswer>(api.core, std::move(start), kPatience);
    if (!page) co_return too_slow();
    json::array messages;
    for (const dispatch::ListRow& row : page->rows) messages.push_back(row_json(row));
    json::object body{{"messages", messages}};
    if (page->next) body["cursor"] = *page->next;
    co_return Response{200, "application/json", json::serialize(body)};
}

net::Task<Response> list_destinations(Api& api)
{
    using Rows = std::vector<queue::DestinationRow>;
    std::function<void(std::function<void(Rows)>)> start = [&api](std::function<void(Rows)> done) {
        api.dispatcher.destinations(std::move(done));
    };
    const auto rows = co_await await_answer<Rows>(api.core, std::move(start), kPatience);
    if (!rows) co_return too_slow();
    json::array destinations;
    for (const queue::DestinationRow& each : *rows) {
        json::object row{{"destination", shown(each.key)},
                         {"waiting", each.waiting},
                         {"deferred", each.deferred},
                         {"held", each.held},
                         {"active", each.under_way},
                         {"connections", each.connections},
                         {"limit", each.limit},
                         {"rests_until", ""},
                         {"last_reason", ""}};
        if (each.resting_until) row["rests_until"] = format_rfc3339(*each.resting_until);
        if (each.last_failure) row["last_reason"] = shown(facts::name(each.last_failure->reason));
        if (!each.rest_reason.empty()) row["last_reason"] = each.rest_reason;
        destinations.push_back(std::move(row));
    }
    co_return Response{200, "application/json",
                       json::serialize(json::object{{"destinations", destinations}})};
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
        co_await await_answer<dispatch::ShowAnswer>(api.core, std::move(start), kPatience);
    if (!found) co_return too_slow();
    if (!found->row && !found->error.empty()) co_return refuse(503, found->error);
    if (!found->row) {
        co_return refuse(404, "no such message is in the queue", "an id of `hermetic queue list`");
    }
    co_return Response{200, "application/json", json::serialize(message_json(*found))};
}

// Audited: who, as the kernel knows, and why, in their words.
net::Task<Response> approve_message(Api& api, MessageId id, Request request)
{
    spool::Approval approval;
    approval.reason = printable(query(request, "reason"), 500);
    if (trim(approval.reason).empty())
        co_return refuse(400, "it does not say why", "reason=, in a few words");
    if (!request.user_id)
        co_return refuse(403, "it is not known who asks", "a client on the control socket");
    approval.by = printable(account_name(*request.user_id), 100);
    approval.at = api.core.clock().wall();
    std::function<void(std::function<void(OperatorAnswer)>)> start =
        [&api, id, approval](std::function<void(OperatorAnswer)> done) {
            api.dispatcher.approve(id, approval, std::move(done));
        };
    const auto done = co_await await_answer<OperatorAnswer>(api.core, std::move(start), kPatience);
    co_return operator_response(done);
}

net::Task<Response> act_on_message(Api& api, Request request)
{
    const auto id = parse_id<MessageId>(request.path[2]);
    if (!id) co_return no_id();
    const std::string& action = request.path[3];
    if (action == "approve") co_return co_await approve_message(api, *id, std::move(request));
    if (action != "retry" && action != "hold" && action != "release") {
        co_return refuse(404, "there is no such action", "retry, hold, release or approve");
    }
    std::function<void(std::function<void(OperatorAnswer)>)> start =
        [&api, id, action](std::function<void(OperatorAnswer)> done) {
            if (action == "retry")
                api.dispatcher.retry(*id, std::move(done));
            else if (action == "hold")
                api.dispatcher.hold(*id, std::move(done));
            else
                api.dispatcher.release(*id, std::move(done));
        };
    const auto done = co_await await_answer<OperatorAnswer>(api.core, std::move(start), kPatience);
    co_return operator_response(done);
}

net::Task<Response> retry_many(Api& api, Request request)
{
    queue::Filter filter;
    if (!parse_filter(request, filter)) co_return refuse(400, "there is no such state");
    const bool everything = query(request, "all") == "yes";
    if (!everything && !filter.destination && !filter.domain && !filter.sender) {
        co_return refuse(400, "it does not say what to try again",
                         "destination=, sender= or all=yes");
    }
    std::function<void(std::function<void(OperatorAnswer)>)> start =
        [&api, filter](std::function<void(OperatorAnswer)> done) {
            api.dispatcher.retry(filter, std::move(done));
        };
    const auto done = co_await await_answer<OperatorAnswer>(api.core, std::move(start), kPatience);
    co_return operator_response(done);
}

net::Task<Response> remove_message(Api& api, Request request)
{
    const auto id = parse_id<MessageId>(request.path[2]);
    if (!id) co_return no_id();
    const auto tell =
        query(request, "notice") == "no" ? dispatch::TellSender::No : dispatch::TellSender::Yes;
    std::function<void(std::function<void(OperatorAnswer)>)> start =
        [&api, id, tell](std::function<void(OperatorAnswer)> done) {
            api.dispatcher.remove(*id, tell, std::move(done));
        };
    const auto done = co_await await_answer<OperatorAnswer>(api.core, std::move(start), kPatience);
    co_return operator_response(done);
}

}  // namespace hermetic::admin
