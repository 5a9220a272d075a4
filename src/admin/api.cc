#include "admin/api.h"

#include "admin/hosts_resource.h"
#include "admin/objects_resource.h"
#include "admin/observations_resource.h"
#include "admin/queue_resource.h"
#include "admin/validation_resource.h"
#include "metrics/metrics.h"

namespace hermetic::admin {
namespace {

Response no_such_resource()
{
    return refuse(404, "there is no such resource",
                  "/v1/status, /v1/queue, /v1/destinations, /v1/hosts, /v1/objects, "
                  "/v1/exceptions, /v1/export, /v1/changes, "
                  "/v1/connectors/NAME/test, /v1/validations, /metrics");
}

net::Task<Response> answer_queue(Api& api, Request request)
{
    const auto& path = request.path;
    const std::string& method = request.method;
    if (path.size() == 2 && method == "GET") co_return co_await list_queue(api, std::move(request));
    if (path.size() == 3 && path[2] == "retry" && method == "POST") {
        co_return co_await retry_many(api, std::move(request));
    }
    if (path.size() == 3 && method == "GET")
        co_return co_await show_message(api, std::move(request));
    if (path.size() == 3 && method == "DELETE")
        co_return co_await remove_message(api, std::move(request));
    if (path.size() == 4 && method == "POST")
        co_return co_await act_on_message(api, std::move(request));
    co_return refuse(
        405, "this method is not for this resource",
        "GET /v1/queue[/ID], POST /v1/queue/ID/retry|hold|release|approve, DELETE /v1/queue/ID");
}

}  // namespace

net::Task<Response> answer(Api& api, Request request)
{
    const auto& path = request.path;
    const bool reads = request.method == "GET";
    if (path.size() == 1 && path[0] == "metrics" && reads) {
        co_return Response{200, "text/plain; version=0.0.4", api.metrics.format()};
    }
    if (path.size() < 2 || path[0] != "v1") {
        co_return no_such_resource();
    }
    if (is_about_objects(request)) co_return co_await answer_objects(api, std::move(request));
    if (path.size() == 4 && path[1] == "connectors" && path[3] == "test") {
        if (request.method != "POST")
            co_return refuse(405, "this method is not for this resource", "POST");
        co_return co_await test_connector(api, std::move(request));
    }
    if (path.size() == 2 && path[1] == "validations" && reads) co_return list_validations(api);
    if (path.size() == 3 && path[1] == "validations" && reads)
        co_return show_validation(api, path[2]);
    if (path.size() == 2 && path[1] == "exceptions" && reads) co_return list_exceptions(api);
    if (path.size() == 2 && path[1] == "ratchet" && reads) co_return list_ratchet(api, request);
    if (path.size() == 3 && path[1] == "ratchet" && path[2] == "accept" && request.method == "POST")
        co_return co_await accept_ratchet(api, std::move(request));
    if (path.size() == 2 && path[1] == "retirement" && reads)
        co_return show_retirement(api, request);
    if (path[1] == "queue") co_return co_await answer_queue(api, std::move(request));
    if (path.size() == 2 && path[1] == "destinations" && reads) {
        co_return co_await list_destinations(api);
    }
    if (path.size() == 2 && path[1] == "hosts" && reads) co_return co_await list_hosts(api);
    if (path.size() == 2 && path[1] == "hosts" && request.method == "DELETE")
        co_return co_await forget_hosts(api, std::move(request));
    if (path.size() == 2 && path[1] == "status" && reads) co_return show_status(api.status());
    co_return no_such_resource();
}

}  // namespace hermetic::admin
