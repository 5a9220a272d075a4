#include "admin/query.h"

#include "core/text.h"
#include "objects/org_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace hermetic::admin {
namespace {

struct Parameter {
    std::string_view name;
    bool number = false;
    std::vector<std::string_view> values{};  // one of these; empty: any text
};
using Parameters = std::vector<Parameter>;

struct Resource {
    std::string_view method;
    std::string_view path;  // "*" stands for a segment
    Parameters parameters;
};

Parameter text(std::string_view name)
{
    return {name};
}

Parameter number(std::string_view name)
{
    return {name, true};
}

Parameter choice(std::string_view name, std::vector<std::string_view> values)
{
    return {name, false, std::move(values)};
}

Parameter flag(std::string_view name)
{
    return choice(name, {"yes", "no"});
}

// The selection of messages (queue_query.h), and more.
Parameters select(const Parameters& more)
{
    Parameters all{text("destination"),
                   text("sender"),
                   text("recipient"),
                   text("reason"),
                   text("older_than"),
                   text("as_of"),
                   choice("state", {"waiting", "deferred", "under-way", "held"})};
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

// Exact paths before those with "*" that match them, too.
const std::vector<Resource>& resources()
{
    const Parameter organization = text("organization");
    const Parameter dry_run = flag("dry-run");
    static const std::vector<Resource> kResources{
        {"GET", "/metrics", {}},
        {"GET", "/v1/status", {}},
        {"GET", "/v1/queue", select({number("limit"), text("cursor")})},
        {"GET", "/v1/queue/count", select({text("operation"), flag("all"), text("cursor")})},
        {"GET", "/v1/queue/summary", select({number("limit")})},
        {"DELETE", "/v1/queue",
         select({flag("all"), flag("notice"), number("at_most"), text("cursor")})},
        {"POST", "/v1/queue/*", select({flag("all"), number("at_most"), text("cursor")})},
        {"GET", "/v1/queue/*", {}},
        {"GET", "/v1/queue/*/*", {}},
        {"DELETE", "/v1/queue/*", {flag("notice")}},
        {"POST", "/v1/queue/*/approve", {text("reason")}},
        {"POST", "/v1/queue/*/*", {}},
        {"GET", "/v1/outcomes/*", {}},
        {"GET", "/v1/destinations", {}},
        {"POST", "/v1/destinations/pause", {text("destination"), text("reason")}},
        {"POST", "/v1/destinations/resume", {text("destination")}},
        {"GET", "/v1/hosts", {}},
        {"DELETE", "/v1/hosts", {text("host")}},
        {"GET", "/v1/ratchet", {text("destination"), flag("all")}},
        {"POST", "/v1/ratchet/accept", {text("destination"), organization}},
        {"GET", "/v1/exceptions", {}},
        {"GET", "/v1/retirement", {text("plan"), organization, choice("format", {"json", "csv"})}},
        {"GET",
         "/v1/objects",
         {choice("kind", {objects::kKinds.begin(), objects::kKinds.end()}), organization}},
        {"PUT", "/v1/objects", {number("revision"), text("file"), dry_run, flag("prune")}},
        {"GET", "/v1/objects/*/*/history", {organization, number("limit")}},
        {"GET", "/v1/objects/*/*", {organization}},
        {"POST", "/v1/objects/*/*", {organization, dry_run}},
        {"PATCH", "/v1/objects/*/*", {organization, dry_run, number("version")}},
        {"DELETE", "/v1/objects/*/*", {organization, dry_run, number("version")}},
        {"GET", "/v1/export", {}},
        {"GET", "/v1/changes", {number("limit"), number("revision")}},
        {"POST", "/v1/changes/*/rollback", {number("revision"), dry_run, flag("prune")}},
        {"POST",
         "/v1/connectors/*/test",
         {text("to"), number("wait"), choice("direction", {"inbound", "outbound"}), organization}},
        {"GET", "/v1/certificates", {}},
        {"POST", "/v1/certificates/*/renew", {}},
        {"GET", "/v1/validations", {}},
        {"GET", "/v1/validations/*", {organization}},
    };
    return kResources;
}

bool matches(std::string_view pattern, const std::vector<std::string>& path)
{
    const auto parts = split(pattern.substr(1), '/');
    if (parts.size() != path.size()) return false;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (parts[i] != "*" && parts[i] != path[i]) return false;
    }
    return true;
}

const Resource* find_resource(const Request& request)
{
    for (const Resource& each : resources()) {
        if (each.method == request.method && matches(each.path, request.path)) return &each;
    }
    return nullptr;
}

bool takes(const Parameter& parameter, const std::string& value)
{
    if (parameter.number) return parse_decimal<std::uint64_t>(value).has_value();
    return parameter.values.empty() ||
           std::ranges::find(parameter.values, value) != parameter.values.end();
}

std::optional<Response> refuse_value(const Parameter& parameter, const std::string& value)
{
    if (takes(parameter, value)) return std::nullopt;
    return refuse(400,
                  fmt::format("\"{}\" is not a value of {}", printable(value, 60), parameter.name),
                  parameter.number ? std::string{"a whole number"}
                                   : fmt::format("{}", fmt::join(parameter.values, ", ")));
}

std::optional<Response> refuse_organization(const Request& request,
                                            const objects::Snapshot& snapshot)
{
    // What happened to one that is gone is still asked for.
    const bool history = !request.path.empty() && request.path.back() == "history";
    const std::string name = query_value(request, "organization");
    if (name.empty() || history) return std::nullopt;
    std::vector<std::string> known;
    for (const auto& each : snapshot.contents().organizations) {
        if (each.name == name) return std::nullopt;
        known.push_back(fmt::format("\"{}\"", printable(each.name)));
    }
    return refuse(400, fmt::format("there is no organization \"{}\"", printable(name)),
                  known.empty() ? std::string{"an organization, which has to be created first"}
                                : fmt::format("{}", fmt::join(known, ", ")));
}

}  // namespace

std::string methods_of(const std::vector<std::string>& path)
{
    std::vector<std::string_view> methods;
    for (const Resource& each : resources()) {
        if (matches(each.path, path) && std::ranges::find(methods, each.method) == methods.end())
            methods.push_back(each.method);
    }
    return fmt::format("{}", fmt::join(methods, ", "));
}

std::string query_value(const Request& request, const std::string& name)
{
    const auto found = request.query.find(name);
    return found == request.query.end() ? std::string{} : found->second;
}

std::optional<Response> refuse_query(const Request& request, const objects::Snapshot& snapshot)
{
    const Resource* const resource = find_resource(request);
    if (resource == nullptr) return std::nullopt;
    const Parameters& known = resource->parameters;
    for (const auto& [name, value] : request.query) {
        const auto parameter = std::ranges::find(known, name, &Parameter::name);
        if (parameter != known.end()) {
            if (auto refusal = refuse_value(*parameter, value)) return refusal;
            continue;
        }
        std::vector<std::string_view> names;
        for (const Parameter& each : known) names.push_back(each.name);
        return refuse(
            400, fmt::format("there is no parameter \"{}\" here", printable(name, 60)),
            names.empty() ? std::string{"none"} : fmt::format("{}", fmt::join(names, ", ")));
    }
    return refuse_organization(request, snapshot);
}

}  // namespace hermetic::admin
