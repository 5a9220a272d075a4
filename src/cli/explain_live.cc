#include "cli/explain_live.h"

#include "validation/words.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <utility>

namespace hermetic::cli {
namespace {

net::Task<> find(const validation::Environment& env, std::shared_ptr<const tls::CaSet> cas,
                 validation::Subject subject, validation::Sink sink, validation::Way& way)
{
    way = co_await validation::find_way(env, std::move(cas), std::move(subject), std::move(sink));
}

}  // namespace

Result<validation::Way, std::string> look_live(const validation::LocalOptions& options,
                                               const objects::Snapshot& snapshot,
                                               const ExplainRequest& request,
                                               const validation::Sink& sink)
{
    auto subject = validation::make_subject(snapshot, route_of(snapshot, request).route);
    subject.message = message_demand_of(request);
    validation::Way way;
    const auto done = validation::run_here(
        options, [&](const validation::Environment& env, std::shared_ptr<const tls::CaSet> cas) {
            return find(env, std::move(cas), subject, sink, way);
        });
    if (!done) return failure(done.error());
    return way;
}

std::string format_way(const validation::Way& way)
{
    if (way.policy.empty()) return {};
    std::string text = fmt::format("\n{:<12} {}\n", "policy", way.policy);
    if (way.flow.tls)
        text += fmt::format("{:<12} {}\n", "session", validation::describe_session(*way.flow.tls));
    if (way.flow.goes()) text += fmt::format("{:<12} {}\n", "rung", facts::name(way.flow.rung));
    return text + fmt::format("{:<12} {}: {}\n", "verdict", validation::name(way.flow.fate),
                              facts::name(way.flow.reason));
}

std::string add_way(const std::string& explanation_json, const validation::Way& way)
{
    namespace json = boost::json;
    auto value = json::parse(explanation_json);
    json::object live{{"mail", validation::name(way.flow.fate)},
                      {"flows", way.flow.goes()},
                      {"in_clear", way.flow.in_clear},
                      {"host", way.host},
                      {"address", way.address},
                      {"policy", way.policy},
                      {"reason", facts::name(way.flow.reason)},
                      {"words", way.flow.words},
                      {"fix", way.flow.fix}};
    live["rung"] = way.flow.goes() ? json::value(facts::name(way.flow.rung)) : json::value(nullptr);
    live["session"] = way.flow.tls ? json::value(validation::describe_session(*way.flow.tls))
                                   : json::value(nullptr);
    value.as_object()["live"] = std::move(live);
    return json::serialize(value);
}

}  // namespace hermetic::cli
