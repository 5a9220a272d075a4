#include "cli/explain.h"

#include "inbound/recipient_policy.h"
#include "policy/ladder.h"
#include "policy/tls_policy.h"
#include "routing/route.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hermetic::cli {
namespace {

namespace json = boost::json;
using policy::RungKind;

// The rungs that the policy has room for, as the ladder climbs them.
std::vector<std::string> ladder_of(const policy::TlsPolicy& policy)
{
    std::vector<std::string> ladder;
    if (policy.wants_tls()) {
        for (const RungKind kind : {RungKind::Everything, RungKind::Compatible,
                                    RungKind::LowerVersion, RungKind::Legacy}) {
            const auto plan = policy::plan_rung(policy, kind);
            if (!plan) continue;
            ladder.push_back(fmt::format("{} ({} to {}{})", facts::name(kind),
                                         facts::format_version(plan->min),
                                         facts::format_version(plan->max),
                                         plan->fallback_scsv ? ", TLS_FALLBACK_SCSV" : ""));
        }
    }
    if (policy.allows_clear()) ladder.emplace_back(facts::name(RungKind::Clear));
    return ladder;
}

HopExplanation explain_hop(const policy::TlsInputs& inputs, std::string hop)
{
    const policy::TlsDecision decision = policy::decide_tls(inputs);
    const policy::TlsPolicy& policy = decision.policy;
    HopExplanation explanation;
    explanation.hop = std::move(hop);
    explanation.level = policy::name(policy.level);
    explanation.min = facts::format_version(policy.min);
    explanation.max = facts::format_version(policy.max);
    for (const auto& name : policy.names) explanation.names.push_back(name.format());
    if (policy.own_name && policy.names.empty()) explanation.names = {"the host's own name"};
    if (policy.domain) {
        explanation.names = {policy.domain->text(), "a name below " + policy.domain->text()};
    }
    explanation.pins = policy.pins;
    explanation.reasons.assign(decision.reasons.begin(), decision.reasons.end());
    explanation.ladder = ladder_of(policy);
    explanation.clear = policy.allows_clear();
    if (decision.audited) explanation.audited = decision.audited->digest();
    return explanation;
}

std::vector<HopExplanation> explain_hops(const objects::Snapshot& snapshot,
                                         const ExplainRequest& request, const routing::Route& route)
{
    policy::TlsInputs inputs;
    inputs.connector = snapshot.outbound_connector(std::string_view{route.connector});
    inputs.organization = &snapshot.organization(
        inputs.connector != nullptr ? inputs.connector->organization : route.organization);
    inputs.now = request.now;
    if (route.mx) {
        inputs.hop.domain = route.domain;
        inputs.hop.mx_security = request.mx_security;
        return {explain_hop(inputs, "an MX host of " + route.domain)};
    }
    std::vector<HopExplanation> hops;
    for (const auto& host : route.hosts) {
        inputs.hop = {};
        inputs.hop.configured = true;
        inputs.hop.host = host.host;
        if (!host.unix_path.empty()) inputs.hop.kind = policy::HopKind::LocalSocket;
        hops.push_back(explain_hop(inputs, host.format()));
    }
    return hops;
}

std::string joined(const std::vector<std::string>& texts)
{
    return fmt::format("{}", fmt::join(texts, ", "));
}

json::array list(const std::vector<std::string>& texts)
{
    return json::array(texts.begin(), texts.end());
}

}  // namespace

Explanation explain(const objects::Snapshot& snapshot, const ExplainRequest& request)
{
    Explanation explanation;
    if (const auto* connector = snapshot.inbound_connector(request.client)) {
        explanation.client_connector = connector->name;
    }
    const auto decision =
        inbound::decide_recipient(snapshot, {&request.recipient, request.client, {}});
    explanation.accepted = !decision.refusal;
    explanation.recipient_reason = decision.reason;
    if (decision.refusal) {
        explanation.refusal = fmt::format(
            "{} {} {}", decision.refusal->kind->code, decision.refusal->kind->enhanced.format(),
            smtp::format_refusal(*decision.refusal->kind, decision.refusal->subject));
    }
    // Also of what is refused: mail that is let in elsewhere goes the same way.
    const auto route = routing::decide_route(
        snapshot, {}, decision.mailbox ? *decision.mailbox : request.recipient);
    explanation.route = route.key;
    explanation.route_reason = route.reason;
    explanation.route_source = route.source;
    explanation.hops = explain_hops(snapshot, request, route);
    return explanation;
}

std::string format_explanation(const Explanation& explanation)
{
    std::string text;
    const auto line = [&text](std::string_view title, const std::string& words) {
        text += fmt::format("{:<12} {}\n", title, words);
    };
    line("client", explanation.client_connector.empty()
                       ? std::string{"no inbound connector admits it"}
                       : fmt::format("inbound connector \"{}\"", explanation.client_connector));
    line("recipient", (explanation.accepted ? std::string{"accepted"} : explanation.refusal) +
                          " (" + explanation.recipient_reason + ")");
    line("route", explanation.route + " (" + explanation.route_reason +
                      (explanation.route_source.empty() ? "" : ": " + explanation.route_source) +
                      ")");
    for (const HopExplanation& hop : explanation.hops) {
        text += '\n';
        line("hop", hop.hop);
        line("tls", fmt::format("{}, {} to {}", hop.level, hop.min, hop.max));
        if (!hop.names.empty())
            line("certificate", "has " + fmt::format("{}", fmt::join(hop.names, " or ")));
        if (!hop.pins.empty()) line("pins", joined(hop.pins));
        line("because", joined(hop.reasons));
        line("ladder", fmt::format("{}", fmt::join(hop.ladder, ", then ")));
        line("clear text", hop.clear ? "if nothing above works" : "never: the message waits");
        if (!hop.audited.empty()) line("audited", hop.audited);
    }
    return text;
}

std::string format_explanation_json(const Explanation& explanation)
{
    json::array hops;
    for (const HopExplanation& hop : explanation.hops) {
        hops.push_back(json::object{{"hop", hop.hop},
                                    {"level", hop.level},
                                    {"min_tls", hop.min},
                                    {"max_tls", hop.max},
                                    {"names", list(hop.names)},
                                    {"pins", list(hop.pins)},
                                    {"because", list(hop.reasons)},
                                    {"ladder", list(hop.ladder)},
                                    {"clear", hop.clear},
                                    {"audited", hop.audited}});
    }
    return json::serialize(json::object{{"client_connector", explanation.client_connector},
                                        {"accepted", explanation.accepted},
                                        {"recipient_reason", explanation.recipient_reason},
                                        {"refusal", explanation.refusal},
                                        {"route", explanation.route},
                                        {"route_reason", explanation.route_reason},
                                        {"route_source", explanation.route_source},
                                        {"hops", std::move(hops)}});
}

}  // namespace hermetic::cli
