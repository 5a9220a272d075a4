#include "admin/destinations_resource.h"

#include "admin/await_answer.h"
#include "admin/objects_answer.h"
#include "admin/queue_json.h"
#include "admin/queue_operations.h"
#include "admin/queue_query.h"
#include "admin/shown.h"
#include "core/text.h"
#include "dispatch/dispatcher.h"

namespace hermetic::admin {
namespace {

namespace json = boost::json;
using dispatch::OperatorAnswer;

}  // namespace

net::Task<Response> list_destinations(Api& api)
{
    using Rows = std::vector<queue::DestinationRow>;
    std::function<void(std::function<void(Rows)>)> start = [&api](std::function<void(Rows)> done) {
        api.dispatcher.destinations(std::move(done));
    };
    const auto rows = co_await await_answer<Rows>(api.core, std::move(start), kQueuePatience);
    if (!rows) co_return queue_too_slow();
    json::array destinations;
    for (const queue::DestinationRow& each : *rows) {
        json::object row{{"destination", shown(each.route->label)},
                         {"waiting", each.waiting},
                         {"deferred", each.deferred},
                         {"held", each.held},
                         {"active", each.under_way},
                         {"connections", each.connections},
                         {"limit", each.limit},
                         {"back_off_until", ""},
                         {"last_reason", ""},
                         {"paused_by", ""}};
        if (each.back_off_until) row["back_off_until"] = format_rfc3339(*each.back_off_until);
        if (each.last_failure) row["last_reason"] = shown(facts::name(each.last_failure->reason));
        if (!each.back_off_reason.empty()) row["last_reason"] = each.back_off_reason;
        if (each.pause) add_pause(row, *each.pause);
        destinations.push_back(std::move(row));
    }
    co_return Response{200, "application/json",
                       json::serialize(json::object{{"destinations", destinations}})};
}

net::Task<Response> act_on_destination(Api& api, Request request)
{
    const bool pauses = request.path[2] == "pause";
    if (!pauses && request.path[2] != "resume")
        co_return refuse(404, "there is no such action", "pause or resume");
    const std::string label = queue::parse_destination(query_value(request, "destination"));
    if (label.empty())
        co_return refuse(400, "\"destination\" is missing or malformed",
                         "one of `hermetic queue destinations`, or a domain");
    const std::string why = printable(query_value(request, "reason"), 500);
    std::function<void(std::function<void(OperatorAnswer)>)> start =
        [&api, label, why, pauses,
         by = actor_of(request)](std::function<void(OperatorAnswer)> done) {
            if (pauses)
                api.dispatcher.pause(label, why, by, std::move(done));
            else
                api.dispatcher.resume(label, by, std::move(done));
        };
    const auto done =
        co_await await_answer<OperatorAnswer>(api.core, std::move(start), kQueuePatience);
    co_return operator_response(done);
}

}  // namespace hermetic::admin
