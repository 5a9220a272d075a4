#include "admin/validation_resource.h"

#include "admin/line_stream.h"
#include "mail/address.h"
#include "validation/json.h"
#include "validation/validator.h"

#include <boost/json.hpp>

#include <memory>
#include <utility>

namespace hermetic::admin {
namespace {

using Kind = validation::Validator::Refusal::Kind;

Response refuse_test(const validation::Validator::Refusal& refusal)
{
    switch (refusal.kind) {
    case Kind::Unknown:
        return refuse(404, refusal.words, "the name of an outbound connector");
    case Kind::Busy:
        return refuse(503, refusal.words, "trying again");
    case Kind::Impossible:
        break;
    }
    return refuse(400, refusal.words);
}

}  // namespace

Response test_connector(Api& api, const Request& request)
{
    std::optional<mail::Mailbox> recipient;
    const auto to = request.query.find("to");
    if (to != request.query.end() && !to->second.empty()) {
        const auto mailbox = mail::parse_mailbox(to->second);
        if (!mailbox)
            return refuse(400, "\"" + to->second + "\" is no address", "user@example.org");
        recipient = *mailbox;
    }
    const auto lines = std::make_shared<LineStream>(api.core);
    const auto sink = [lines](const validation::Step& step) {
        lines->push(validation::format_json(step));
    };
    const auto done = [lines](const validation::Report&) { lines->close(); };
    const auto started = api.validator.start(request.path[2], std::move(recipient), sink, done);
    if (!started) return refuse_test(started.error());
    Response response;
    response.content_type = "application/x-ndjson";
    response.lines = lines;
    return response;
}

Response list_validations(const Api& api)
{
    boost::json::array array;
    for (const auto& [connector, report] : api.validator.all()) {
        array.push_back({{"connector", connector},
                         {"started", format_rfc3339(report.started)},
                         {"state", validation::name(report.state)},
                         {"words", report.words}});
    }
    const boost::json::object body{{"validations", std::move(array)}};
    return {200, "application/json", boost::json::serialize(body)};
}

Response show_validation(const Api& api, const std::string& connector)
{
    const auto* const report = api.validator.last(connector);
    if (report == nullptr) {
        return refuse(404, "the connector has not been validated",
                      "hermetic connector test NAME, or waiting for its daily turn");
    }
    return {200, "application/json", validation::format_json(*report)};
}

}  // namespace hermetic::admin
