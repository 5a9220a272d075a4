#include "admin/hosts_resource.h"

#include "admin/await_answer.h"
#include "admin/objects_answer.h"
#include "admin/shown.h"
#include "core/text.h"
#include "events/publisher.h"

#include <boost/json.hpp>

namespace hermetic::admin {
namespace {

namespace json = boost::json;

constexpr Duration kPatience = std::chrono::seconds{20};

Response too_slow()
{
    return refuse(503, "the server did not answer in time; try again, and see the log");
}

}  // namespace

net::Task<Response> list_hosts(Api& api)
{
    using Rows = std::vector<outbound::RememberedHost>;
    std::function<void(std::function<void(Rows)>)> start = api.remembered_hosts;
    const auto rows = co_await await_answer<Rows>(api.core, std::move(start), kPatience);
    if (!rows) co_return too_slow();
    json::array hosts;
    for (const outbound::RememberedHost& each : *rows) {
        const auto left = std::chrono::ceil<std::chrono::seconds>(each.left);
        hosts.push_back(json::object{{"host", shown(each.host)},
                                     {"what", each.what},
                                     {"policy", printable(each.policy, 1000)},
                                     {"destination", shown(each.destination)},
                                     {"for", format_duration(left)}});
    }
    co_return Response{200, "application/json", json::serialize(json::object{{"hosts", hosts}})};
}

net::Task<Response> forget_hosts(Api& api, Request request)
{
    const auto found = request.query.find("host");
    if (found != request.query.end() && found->second.empty())
        co_return refuse(400, "\"host\" is empty", "a host of GET /v1/hosts; without host=: all");
    const std::string host = found == request.query.end() ? std::string{} : found->second;
    std::function<void(std::function<void(std::size_t)>)> start =
        [&api, host](std::function<void(std::size_t)> done) {
            api.forget_hosts(host, std::move(done));
        };
    const auto count = co_await await_answer<std::size_t>(api.core, std::move(start), kPatience);
    if (!count) co_return too_slow();
    events::HostsForgotten forgotten{shown(host), *count, actor_of(request)};
    api.events.publish(std::move(forgotten));
    const std::string done = std::to_string(*count) + " of what was remembered is forgotten.";
    const json::object body{{"done", done}, {"count", *count}};
    co_return Response{200, "application/json", json::serialize(body)};
}

}  // namespace hermetic::admin
