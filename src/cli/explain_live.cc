#include "cli/explain_live.h"

#include "validation/words.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <utility>

namespace hermetic::cli {
namespace {

net::Task<> find(const validation::Environment& env, std::shared_ptr<const tls::CaSet> cas,
                 validation::Subject subject, validation::Sink sink, validation::RouteCheck& check)
{
    check =
        co_await validation::check_route(env, std::move(cas), std::move(subject), std::move(sink));
}

}  // namespace

validation::OfferedMessage offered_message_of(const ExplainRequest& request)
{
    validation::OfferedMessage offered{
        request.message ? request.message->needs : smtp::MessageNeeds{}, request.recipient};
    if (request.sender && request.sender->needs_smtputf8()) offered.needs.smtputf8 = true;
    return offered;
}

Result<validation::RouteCheck, std::string> check_route_live(
    const validation::LocalOptions& options, const objects::Snapshot& snapshot,
    const ExplainRequest& request, const validation::Sink& sink)
{
    auto subject = validation::make_subject(snapshot, route_of(snapshot, request).route);
    subject.message = message_demand_of(request);
    subject.offered = offered_message_of(request);
    validation::RouteCheck check;
    const auto done = validation::run_here(
        options, [&](const validation::Environment& env, std::shared_ptr<const tls::CaSet> cas) {
            return find(env, std::move(cas), subject, sink, check);
        });
    if (!done) return failure(done.error());
    return check;
}

std::string format_route_check(const validation::RouteCheck& check)
{
    if (check.policy.empty()) return {};
    std::string text = fmt::format("\n{:<12} {}\n", "policy", check.policy);
    if (check.flow.tls)
        text +=
            fmt::format("{:<12} {}\n", "session", validation::describe_session(*check.flow.tls));
    if (check.flow.goes()) text += fmt::format("{:<12} {}\n", "step", facts::name(check.flow.step));
    return text + fmt::format("{:<12} {}: {}\n", "verdict", validation::name(check.flow.fate),
                              facts::name(check.flow.reason));
}

std::string add_route_check(const std::string& explanation_json,
                            const validation::RouteCheck& check)
{
    namespace json = boost::json;
    auto value = json::parse(explanation_json);
    json::object live{{"mail", validation::name(check.flow.fate)},
                      {"flows", check.flow.goes()},
                      {"in_clear", check.flow.in_clear},
                      {"host", check.host},
                      {"address", check.address},
                      {"policy", check.policy},
                      {"reason", facts::name(check.flow.reason)},
                      {"words", check.flow.words},
                      {"fix", check.flow.fix}};
    live["step"] =
        check.flow.goes() ? json::value(facts::name(check.flow.step)) : json::value(nullptr);
    live["session"] = check.flow.tls ? json::value(validation::describe_session(*check.flow.tls))
                                     : json::value(nullptr);
    value.as_object()["live"] = std::move(live);
    return json::serialize(value);
}

}  // namespace hermetic::cli
