#include "admin/api.h"

#include "admin/certificates_resource.h"
#include "admin/destinations_resource.h"
#include "admin/hosts_resource.h"
#include "admin/objects_resource.h"
#include "admin/observations_resource.h"
#include "admin/outcomes_resource.h"
#include "admin/query.h"
#include "admin/queue_operations.h"
#include "admin/queue_resource.h"
#include "admin/validation_resource.h"
#include "metrics/metrics.h"

namespace hermetic::admin {
namespace {

Response no_such_resource(const Request& request)
{
    if (const std::string methods = methods_of(request.path); !methods.empty())
        return refuse(405, "this method is not for this resource", methods);
    return refuse(
        404, "there is no such resource",
        "/v1/status, /v1/queue, /v1/outcomes/ID, /v1/destinations, /v1/hosts, /v1/objects, "
        "/v1/certificates, /v1/exceptions, /v1/ratchet, /v1/retirement, /v1/export, /v1/changes, "
        "/v1/connectors/NAME/test, /v1/validations, /metrics");
}

bool reads_text(const Request& request)
{
    return request.path.size() == 4 && request.path[1] == "queue" &&
           (request.path[3] == "header" || request.path[3] == "message");
}

// Whether the log, or a record, names who asked.
bool names_account(const Request& request)
{
    return request.user_id && (request.method != "GET" || reads_text(request));
}

Response no_such_method()
{
    return refuse(405, "this method is not for this resource",
                  "GET /v1/queue[/count|/summary|/ID[/header|/message]], "
                  "POST /v1/queue[/ID]/retry|hold|release|approve, DELETE /v1/queue[/ID]");
}

net::Task<Response> read_queue(Api& api, Request request)
{
    const auto& path = request.path;
    if (path.size() == 2) co_return co_await list_queue(api, std::move(request));
    if (reads_text(request)) co_return co_await view_message(api, std::move(request));
    if (path.size() != 3) co_return no_such_method();
    if (path[2] == "count") co_return co_await count_queue(api, std::move(request));
    if (path[2] == "summary") co_return co_await summarize_queue(api, std::move(request));
    co_return co_await show_message(api, std::move(request));
}

net::Task<Response> answer_queue(Api& api, Request request)
{
    const auto& path = request.path;
    const std::string& method = request.method;
    if (method == "GET") co_return co_await read_queue(api, std::move(request));
    if (method == "DELETE" && path.size() <= 3) {
        constexpr auto kRemove = dispatch::MessageChange::Kind::Remove;
        if (path.size() == 2) co_return co_await change_queue(api, kRemove, std::move(request));
        co_return co_await act_on_message(api, kRemove, std::move(request));
    }
    const bool of_many = path.size() == 3;
    if (method != "POST" || (!of_many && path.size() != 4)) co_return no_such_method();
    const auto kind = parse_operation(path.back());
    if (!kind) co_return refuse(404, "there is no such action", "retry, hold, release or approve");
    if (of_many) co_return co_await change_queue(api, *kind, std::move(request));
    co_return co_await act_on_message(api, *kind, std::move(request));
}

Response show_metrics(const Api& api)
{
    return {200, "text/plain; version=0.0.4", api.metrics.format()};
}

bool asks_for_metrics(const Request& request)
{
    return request.path.size() == 1 && request.path[0] == "metrics" && request.method == "GET";
}

}  // namespace

net::Task<Response> answer_read_only(Api& api, Request request)
{
    if (request.method != "GET") {
        co_return refuse(403, "this socket is read-only",
                         "GET, or the socket admin.socket of hermetic.toml");
    }
    if (reads_text(request))
        co_return refuse(403, "this socket does not show the text of messages",
                         "the socket admin.socket of hermetic.toml");
    co_return co_await answer(api, std::move(request));
}

net::Task<Response> answer_metrics(Api& api, Request request)
{
    if (asks_for_metrics(request)) {
        if (auto refusal = refuse_query(request, *api.snapshot())) co_return *std::move(refusal);
        co_return show_metrics(api);
    }
    co_return refuse(404, "only metrics are served here", "GET /metrics");
}

net::Task<Response> answer(Api& api, Request request)
{
    if (auto refusal = refuse_query(request, *api.snapshot())) co_return *std::move(refusal);
    const auto& path = request.path;
    const bool reads = request.method == "GET";
    if (asks_for_metrics(request)) co_return show_metrics(api);
    if (path.size() < 2 || path[0] != "v1") {
        co_return no_such_resource(request);
    }
    if (is_about_objects(request)) co_return co_await answer_objects(api, std::move(request));
    if (names_account(request)) request.account = co_await find_account(api, *request.user_id);
    if (path.size() == 4 && path[1] == "connectors" && path[3] == "test") {
        if (request.method != "POST")
            co_return refuse(405, "this method is not for this resource", "POST");
        co_return co_await test_connector(api, std::move(request));
    }
    if (path.size() == 2 && path[1] == "validations" && reads) co_return list_validations(api);
    if (path.size() == 3 && path[1] == "validations" && reads)
        co_return show_validation(api, request);
    if (path.size() == 2 && path[1] == "certificates" && reads) co_return list_certificates(api);
    if (path.size() == 4 && path[1] == "certificates" && path[3] == "renew" &&
        request.method == "POST")
        co_return renew_certificate(api, request);
    if (path.size() == 2 && path[1] == "exceptions" && reads) co_return list_exceptions(api);
    if (path.size() == 2 && path[1] == "ratchet" && reads) co_return list_ratchet(api, request);
    if (path.size() == 3 && path[1] == "ratchet" && path[2] == "accept" && request.method == "POST")
        co_return co_await accept_ratchet(api, std::move(request));
    if (path.size() == 2 && path[1] == "retirement" && reads)
        co_return show_retirement(api, request);
    if (path[1] == "queue") co_return co_await answer_queue(api, std::move(request));
    if (path.size() == 3 && path[1] == "outcomes" && reads) co_return show_outcomes(api, request);
    if (path.size() == 2 && path[1] == "destinations" && reads) {
        co_return co_await list_destinations(api);
    }
    if (path.size() == 3 && path[1] == "destinations" && request.method == "POST") {
        co_return co_await act_on_destination(api, std::move(request));
    }
    if (path.size() == 2 && path[1] == "hosts" && reads) co_return co_await list_hosts(api);
    if (path.size() == 2 && path[1] == "hosts" && request.method == "DELETE")
        co_return co_await forget_hosts(api, std::move(request));
    if (path.size() == 2 && path[1] == "status" && reads) co_return show_status(api.status());
    co_return no_such_resource(request);
}

}  // namespace hermetic::admin
