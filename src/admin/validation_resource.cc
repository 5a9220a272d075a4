#include "admin/validation_resource.h"

#include "admin/await_answer.h"
#include "admin/line_stream.h"
#include "admin/objects_answer.h"
#include "admin/query.h"
#include "core/text.h"
#include "directory/directory_thread.h"
#include "mail/address.h"
#include "validation/json.h"
#include "validation/validator.h"

#include <boost/json.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace hermetic::admin {
namespace {

using Kind = validation::Validator::Refusal::Kind;

constexpr Duration kWait = std::chrono::minutes{2};
constexpr Duration kLongestWait = std::chrono::hours{1};

Response refuse_test(const validation::Validator::Refusal& refusal)
{
    switch (refusal.kind) {
    case Kind::Unknown:
        return refuse(404, refusal.words, "the name of a connector");
    case Kind::Busy:
        return refuse(503, refusal.words + "; try again");
    case Kind::Impossible:
        break;
    }
    return refuse(400, refusal.words);
}

// Of one that was never tested: no `started`, and `state` is null.
boost::json::object summary_of(const Api& api, const objects::OutboundConnector& connector)
{
    using validation::Validator;
    boost::json::object row{{"connector", connector.name},
                            {"organization", connector.organization},
                            {"state", nullptr}};
    if (const auto left_out = Validator::why_left_out(connector); !left_out.empty())
        row["not_tested"] = left_out;
    const auto* const report = api.validator.last(objects::owned_name(connector));
    if (report == nullptr) return row;
    row["started"] = format_rfc3339(report->started);
    if (report->saved) row["saved"] = format_rfc3339(*report->saved);
    row["state"] = validation::name(report->state);
    row["words"] = report->words;
    const auto* const finding = validation::first_finding(*report);
    if (finding != nullptr) row["finding"] = boost::json::parse(validation::format_json(*finding));
    return row;
}

// nullopt: it is no time.
std::optional<Duration> wait_of(const Request& request)
{
    const auto found = request.query.find("wait");
    if (found == request.query.end()) return kWait;
    const auto seconds = parse_decimal<std::uint32_t>(found->second);
    if (!seconds || std::chrono::seconds{*seconds} > kLongestWait) return std::nullopt;
    return std::chrono::seconds{*seconds};
}

// The one of this name: of the organization that the request names, else the only one there is.
// One that is not there has no organization.
template <typename Connector>
Result<objects::OwnedName, Response> name_of(const std::vector<Connector>& all,
                                             const Request& request)
{
    const std::string& name = request.path[2];
    const auto asked = request.query.find("organization");
    if (asked != request.query.end()) return objects::OwnedName{asked->second, name};
    objects::OwnedName found{{}, name};
    for (const Connector& each : all) {
        if (each.name != name) continue;
        if (!found.organization.empty()) {
            return failure(refuse(400, "several organizations have a connector \"" + name + "\"",
                                  "organization= with the name"));
        }
        found.organization = each.organization;
    }
    return found;
}

Result<objects::OwnedName, Response> name_of(const objects::Snapshot::Contents& contents,
                                             const Request& request, bool inbound)
{
    return inbound ? name_of(contents.inbound_connectors, request)
                   : name_of(contents.outbound_connectors, request);
}

// The connector that the request's body would make; or a refusal.
net::Task<Result<objects::OutboundConnector, Response>> copy_of(Api& api, Request request)
{
    using Answer = Result<Preview, Response>;
    constexpr Duration kPatience = std::chrono::seconds{50};
    const std::string name = request.path[2];
    request.path = {"v1", "objects", "outbound_connector", name};
    const auto carried = std::make_shared<const Request>(std::move(request));
    std::function<void(std::function<void(Answer)>)> start =
        [&api, carried](std::function<void(Answer)> done) {
            api.objects.post([carried, done = std::move(done)](directory::Directory& directory) {
                done(preview(directory, *carried));
            });
        };
    auto answer = co_await await_answer<Answer>(api.core, std::move(start), kPatience);
    if (!answer) co_return failure(refuse(503, "the directory did not answer in time; try again"));
    if (!*answer) co_return failure(std::move(answer->error()));
    const Preview& preview = **answer;
    const auto& all = preview.contents->outbound_connectors;
    const auto found = std::ranges::find_if(all, [&preview](const auto& each) {
        return each.name == preview.key.name && each.organization == preview.key.organization;
    });
    if (found == all.end())
        co_return failure(refuse(404, "there is no outbound connector \"" + name + "\""));
    co_return *found;
}

}  // namespace

bool means_inbound(const objects::Snapshot::Contents& contents, const Request& request)
{
    const auto asked = request.query.find("direction");
    if (asked != request.query.end()) return asked->second == "inbound";
    const std::string organization = query_value(request, "organization");
    const auto is_meant = [&](const auto& each) {
        return each.name == request.path[2] &&
               (organization.empty() || each.organization == organization);
    };
    return std::ranges::none_of(contents.outbound_connectors, is_meant) &&
           std::ranges::any_of(contents.inbound_connectors, is_meant);
}

net::Task<Response> test_connector(Api& api, Request request)
{
    const auto wait = wait_of(request);
    if (!wait) co_return refuse(400, "\"wait\" is not a time to wait", "seconds, at most 3600");
    std::optional<validation::Validator::Message> message;
    const auto to = request.query.find("to");
    if (to != request.query.end() && !to->second.empty()) {
        const auto mailbox = mail::parse_mailbox(to->second);
        if (!mailbox)
            co_return refuse(400, "\"" + to->second + "\" is not an address", "user@example.org");
        message = {*mailbox, *wait};
    }
    const bool inbound = means_inbound(api.validator.snapshot()->contents(), request);
    const auto name = name_of(api.validator.snapshot()->contents(), request, inbound);
    if (!name && request.body.empty()) co_return name.error();
    std::optional<objects::OutboundConnector> copy;
    if (!inbound && !request.body.empty()) {
        auto made = co_await copy_of(api, std::move(request));
        if (!made) co_return std::move(made.error());
        copy = *std::move(made);
    }
    const auto lines = std::make_shared<LineStream>(api.core);
    const auto sink = [lines](const validation::Step& step) {
        lines->push(validation::format_json(step));
    };
    const auto done = [lines](const validation::Report&) { lines->close(); };
    auto& validator = api.validator;
    const auto started = inbound ? validator.start_inbound(*name, *wait, sink, done)
                         : copy  ? validator.start(*std::move(copy), std::move(message), sink, done)
                                 : validator.start(*name, std::move(message), sink, done);
    if (!started) co_return refuse_test(started.error());
    Response response;
    response.content_type = "application/x-ndjson";
    response.lines = lines;
    co_return response;
}

Response list_validations(const Api& api)
{
    boost::json::array array;
    for (const auto& each : api.validator.snapshot()->contents().outbound_connectors)
        array.push_back(summary_of(api, each));
    const boost::json::object body{{"validations", std::move(array)}};
    return {200, "application/json", boost::json::serialize(body)};
}

Response show_validation(const Api& api, const Request& request)
{
    const auto name = name_of(api.validator.snapshot()->contents().outbound_connectors, request);
    if (!name) return name.error();
    const auto* const report = api.validator.last(*name);
    if (report == nullptr) {
        return refuse(404, "the connector has not been validated",
                      "hermetic connector test NAME, or its daily validation");
    }
    return {200, "application/json", validation::format_json(*report)};
}

}  // namespace hermetic::admin
