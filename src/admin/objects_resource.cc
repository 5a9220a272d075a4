#include "admin/objects_resource.h"

#include "admin/await_answer.h"
#include "admin/objects_answer.h"
#include "admin/shown.h"
#include "core/text.h"
#include "directory/directory_thread.h"
#include "net/core.h"
#include "objects/exceptions.h"

#include <boost/json.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace hermetic::admin {
namespace {

namespace json = boost::json;

constexpr Duration kPatience = std::chrono::seconds{50};

}  // namespace

bool is_about_objects(const Request& request)
{
    const auto& path = request.path;
    if (path.size() < 2 || path[0] != "v1") return false;
    return path[1] == "objects" || path[1] == "export" || path[1] == "changes";
}

net::Task<Response> answer_objects(Api& api, Request request)
{
    const auto carried = std::make_shared<const Request>(std::move(request));
    std::function<void(std::function<void(Response)>)> start =
        [&api, carried](std::function<void(Response)> done) {
            api.objects.post([carried, done = std::move(done)](directory::Directory& directory) {
                const bool changes = carried->method != "GET" && carried->user_id;
                const std::string by = changes ? account_name(*carried->user_id) : std::string{};
                done(answer_from(directory, *carried, by));
            });
        };
    auto answer = co_await await_answer<Response>(api.core, std::move(start), kPatience);
    if (answer) co_return *std::move(answer);
    co_return refuse(503, "the directory did not answer in time; a change may still happen",
                     "a check whether it has happened, then another try");
}

net::Task<std::string> find_account(Api& api, std::uint32_t user_id)
{
    constexpr Duration kNamePatience = std::chrono::seconds{10};
    std::function<void(std::function<void(std::string)>)> start =
        [&api, user_id](std::function<void(std::string)> done) {
            api.objects.post([user_id, done = std::move(done)](directory::Directory&) {
                done(account_name(user_id));
            });
        };
    auto name = co_await await_answer<std::string>(api.core, std::move(start), kNamePatience);
    co_return name ? *std::move(name) : std::string{};
}

Response list_exceptions(Api& api)
{
    const WallTime now = api.core.clock().wall();
    json::array rows;
    for (const auto& each : objects::exceptions_of(api.snapshot()->contents())) {
        rows.push_back(json::object{{"kind", each.kind},
                                    {"name", printable(each.name)},
                                    {"organization", printable(each.organization)},
                                    {"enabled", each.enabled},
                                    {"weaker", each.weaker},
                                    {"valid_until", format_rfc3339(each.valid_until)},
                                    {"ended", each.valid_until <= now},
                                    {"reason", shown(each.reason)}});
    }
    const json::object body{{"exceptions", std::move(rows)}};
    return {200, "application/json", json::serialize(body)};
}

}  // namespace hermetic::admin
