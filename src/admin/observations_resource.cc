#include "admin/observations_resource.h"

#include "admin/await_answer.h"
#include "admin/objects_answer.h"
#include "admin/query.h"
#include "admin/queue_operations.h"
#include "admin/shown.h"
#include "dispatch/dispatcher.h"
#include "events/publisher.h"
#include "mail/domain.h"
#include "observations/observations.h"
#include "observations/retirement_report.h"
#include "outbound/ratchet_watch.h"

#include <boost/json.hpp>

#include <algorithm>

namespace hermetic::admin {
namespace {

namespace json = boost::json;
using dispatch::OperatorAnswer;
using observations::Destination;

constexpr Duration kPatience = std::chrono::seconds{20};
constexpr std::size_t kMaxRows = 10'000;

// "held until …", "observed": what became of a fall.
std::string fall_state(const policy::Fall& fall, WallTime now)
{
    if (!fall.held) return "observed";
    if (fall.over) return "over since " + format_rfc3339(*fall.over);
    return (now < fall.until ? "held until " : "released since ") + format_rfc3339(fall.until);
}

json::object row_json(const Destination& each, const objects::Snapshot& snapshot,
                      std::optional<WallTime> mass_since, WallTime now)
{
    const auto& settings = snapshot.organization(each.key.organization).ratchet;
    const auto expected = policy::expectation_of(each.history, settings);
    const auto held = policy::held_to(each.history, settings, mass_since, now);
    json::object row{{"organization", shown(each.key.organization)},
                     {"destination", shown(each.key.destination)},
                     {"host", shown(each.host)},
                     {"first_seen", format_rfc3339(each.history.first_seen)},
                     {"last_seen", format_rfc3339(each.history.last_seen)},
                     {"last", policy::describe(each.history.last)},
                     {"expected", expected ? policy::describe(*expected) : "nothing yet"},
                     {"held_to", held ? policy::describe(held->expectation) : "nothing"}};
    if (!each.history.fall) return row;
    const policy::Fall& fall = *each.history.fall;
    row["fell"] = format_rfc3339(fall.since);
    row["was"] = policy::describe(fall.was);
    row["is"] = policy::describe(fall.is);
    row["state"] = fall_state(fall, now);
    return row;
}

json::object concerned_json(const observations::Concerned& each)
{
    return {{"peer", shown(each.peer)},
            {"name", shown(each.label)},
            {"sender_domain", shown(each.sender_domain)},
            {"version", facts::format_version(each.version)},
            {"sessions", each.sessions},
            {"last_seen", format_rfc3339(each.last_seen)},
            {"newer_since", each.newer_since},
            {"deferred_now", each.deferred_now},
            {"exempt_by", shown(each.exempt_by)}};
}

json::object plan_json(const observations::PlanReport& report)
{
    const objects::Retirement& plan = report.plan;
    const bool inbound = plan.direction == objects::Direction::Inbound;
    json::array versions;
    for (const auto version : plan.versions) versions.emplace_back(facts::format_version(version));
    json::array concerned;
    for (const auto& each : report.concerned) {
        if (concerned.size() == kMaxRows) break;
        concerned.push_back(concerned_json(each));
    }
    json::array exceptions;
    for (const auto& each : report.exceptions)
        exceptions.push_back(
            json::object{{"connector", shown(each.connector)}, {"until", each.until}});
    return {{"plan", plan.name},
            {"organization", plan.organization},
            {"direction", inbound ? "inbound" : "outbound"},
            {"versions", versions},
            {"start", plan.start ? format_rfc3339(*plan.start) : ""},
            {"end", plan.end ? format_rfc3339(*plan.end) : ""},
            {"phase", policy::name(report.phase)},
            {"share_percent", static_cast<double>(report.share) / 100.0},
            {"concerned", concerned},
            {"exceptions", exceptions}};
}

// Tries the mail that waits on the way to a destination of the ratchet: how many messages.
net::Task<std::size_t> retry_destination(Api& api, std::string name, events::Actor by)
{
    using Rows = std::vector<queue::DestinationRow>;
    std::function<void(std::function<void(Rows)>)> ask = [&api](std::function<void(Rows)> done) {
        api.dispatcher.destinations(std::move(done));
    };
    const auto rows = co_await await_answer<Rows>(api.core, std::move(ask), kPatience);
    if (!rows) co_return 0;
    std::size_t tried = 0;
    for (const auto& row : *rows) {
        if (outbound::ratchet_destination(*row.route) != name) continue;
        dispatch::SelectionChange retry;
        retry.selection.destination = row.route->label;
        retry.change.kind = dispatch::MessageChange::Kind::Retry;
        retry.change.by = by;
        tried += co_await change_all(api, std::move(retry));
    }
    co_return tried;
}

}  // namespace

Response list_ratchet(Api& api, const Request& request)
{
    const auto snapshot = api.snapshot();
    const std::string wanted = query_value(request, "destination");
    const bool all = query_value(request, "all") == "yes" || !wanted.empty();
    const WallTime now = api.core.clock().wall();
    const auto mass_since = api.observations.mass_since(now);
    json::array rows;
    for (const Destination& each : api.observations.destinations(now)) {
        if (!wanted.empty() && each.key.destination != wanted) continue;
        if (!all && !each.history.fall) continue;
        if (rows.size() == kMaxRows) break;
        rows.push_back(row_json(each, *snapshot, mass_since, now));
    }
    const json::object body{
        {"destinations", rows},
        {"mass_stripping_since", mass_since ? format_rfc3339(*mass_since) : ""}};
    return {200, "application/json", json::serialize(body)};
}

net::Task<Response> accept_ratchet(Api& api, Request request)
{
    const std::string destination = query_value(request, "destination");
    if (destination.empty()) {
        co_return refuse(400, "the destination is missing", "destination=example.org");
    }
    const auto domain = mail::Domain::parse(destination);
    const std::string name = domain ? domain->text() : destination;
    const auto count = api.observations.accept(query_value(request, "organization"), name,
                                               api.core.clock().wall());
    if (count == 0) {
        co_return refuse(404, "this destination has not been observed",
                         "one of `hermetic ratchet list --all`");
    }
    events::Actor by = actor_of(request);
    events::RatchetAccepted accepted{shown(name), by};
    api.events.publish(std::move(accepted));
    const std::size_t tried = co_await retry_destination(api, name, std::move(by));
    const json::object body{
        {"done", "The change is accepted: from now on what is seen is expected."},
        {"destinations", count},
        {"tried", tried}};
    co_return Response{200, "application/json", json::serialize(body)};
}

Response show_retirement(Api& api, const Request& request)
{
    const std::string name = query_value(request, "plan");
    const std::string organization = query_value(request, "organization");
    const auto snapshot = api.snapshot();
    const WallTime now = api.core.clock().wall();
    const auto destinations = api.observations.destinations(now);
    const auto clients = api.observations.clients(now);
    auto reports = observations::report_retirements(*snapshot, destinations, clients, name, now);
    std::vector<observations::WithoutPlan> without;
    if (name.empty()) without = observations::find_without_plan(*snapshot, destinations, clients);
    if (!organization.empty()) {
        std::erase_if(reports,
                      [&](const auto& each) { return each.plan.organization != organization; });
        std::erase_if(without, [&](const auto& each) {
            return !each.organization.empty() && each.organization != organization;
        });
    }
    if (reports.empty() && !name.empty())
        return refuse(404, "there is no such plan", "a name of `hermetic retire list`");
    if (query_value(request, "format") == "csv")
        return {200, "text/csv; charset=utf-8", observations::format_csv(reports, without)};
    json::array plans;
    for (const auto& each : reports) plans.push_back(plan_json(each));
    json::array without_plan;
    for (const auto& each : without) {
        if (without_plan.size() == kMaxRows) break;
        const bool inbound = each.direction == objects::Direction::Inbound;
        json::object row = concerned_json(each.who);
        row["direction"] = inbound ? "inbound" : "outbound";
        row["organization"] = shown(each.organization);
        without_plan.push_back(std::move(row));
    }
    const json::object body{{"plans", plans}, {"without_plan", without_plan}};
    return {200, "application/json", json::serialize(body)};
}

}  // namespace hermetic::admin
