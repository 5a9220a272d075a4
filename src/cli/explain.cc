#include "cli/explain.h"

#include "core/assert.h"
#include "facts/reasons.h"
#include "inbound/recipient_policy.h"
#include "outbound/hosts.h"
#include "outbound/ratchet_watch.h"
#include "policy/ladder.h"
#include "policy/tls_demand.h"
#include "policy/tls_policy.h"
#include "routing/route.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace hermetic::cli {
namespace {

namespace json = boost::json;
using policy::StepKind;

// The steps that the policy allows, in the order of the ladder.
std::vector<std::string> ladder_of(const policy::TlsPolicy& policy)
{
    std::vector<std::string> ladder;
    if (policy.wants_tls()) {
        for (const StepKind kind : {StepKind::Everything, StepKind::Compatible,
                                    StepKind::LowerVersion, StepKind::Weak, StepKind::Legacy}) {
            const auto plan = policy::plan_step(policy, kind);
            // Else the weak step is there to say what to repair.
            if (!plan || (plan->weak && !policy.takes_weak_handshakes())) continue;
            ladder.push_back(fmt::format("{} ({} to {}{})", facts::name(kind),
                                         facts::format_version(plan->min),
                                         facts::format_version(plan->max),
                                         plan->fallback_scsv ? ", TLS_FALLBACK_SCSV" : ""));
        }
    }
    if (policy.allows_clear()) ladder.emplace_back(facts::name(StepKind::Clear));
    return ladder;
}

HopExplanation explain_hop(const policy::TlsDecision& decision, std::string hop)
{
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
    explanation.reasons = decision.reasons;
    explanation.sources = decision.sources;
    explanation.skip = decision.skip;
    explanation.requiretls = policy.requiretls;
    if (decision.skip == facts::Reason::None) {
        explanation.ladder = ladder_of(policy);
        explanation.clear = policy.allows_clear();
    }
    if (decision.audited) explanation.audited = decision.audited->digest();
    return explanation;
}

std::vector<HopExplanation> explain_hops(const ExplainRequest& request, const routing::Route& route,
                                         const policy::TlsDemand& demand)
{
    const outbound::MxFacts mx{route.domain, {}, request.mx_security};
    if (route.is_mx()) {
        const auto hop = outbound::hop_facts({}, mx, nullptr);
        return {explain_hop(policy::decide_tls(demand, hop, {}, request.now),
                            "an MX host of " + route.domain)};
    }
    std::vector<HopExplanation> hops;
    const auto hosts = outbound::hosts_of(route);
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        const auto hop = outbound::hop_facts(hosts[i], mx, nullptr);
        hops.push_back(explain_hop(policy::decide_tls(demand, hop, hosts[i].label(), request.now),
                                   route.hosts[i].format()));
    }
    return hops;
}

// Another level, TLS-Required: No: the policy may have none of what the ratchet expects.
bool is_held_by_ratchet(const HopExplanation& hop)
{
    return std::ranges::any_of(hop.sources, [](const policy::TlsSource& source) {
        return source.id == facts::Reason::RatchetHolds;
    });
}

// Of the client nothing but its address is known: a session as most servers have it.
facts::TlsEvidence assumed_tls()
{
    facts::TlsEvidence tls;
    tls.version = facts::TlsVersion::Tls13;
    return tls;
}

// The client, as far as its address says who it is. Refers to itself: stays where it is made.
struct Admitted {
    Admitted(const objects::Snapshot& snapshot, const ExplainRequest& request)
    {
        evidence.address = request.client;
        evidence.tls = &tls;
        evidence.listener = request.listener;
        evidence.now = request.now;
        attribution = policy::attribute(snapshot, evidence);
        chosen = policy::choose_admission(snapshot, attribution, request.sender);
    }
    Admitted(const Admitted&) = delete;
    Admitted& operator=(const Admitted&) = delete;

    [[nodiscard]] inbound::RecipientDecision decide(const objects::Snapshot& snapshot,
                                                    const ExplainRequest& request) const
    {
        inbound::RecipientFacts facts;
        facts.mailbox = &request.recipient;
        facts.evidence = &evidence;
        facts.attribution = &attribution;
        facts.sender = &request.sender;
        facts.now = request.now;
        return inbound::decide_recipient(snapshot, facts);
    }

    facts::TlsEvidence tls = assumed_tls();
    policy::ClientEvidence evidence;
    policy::Attribution attribution;
    const policy::Admission* chosen = nullptr;
};

// What its size and its way so far say.
std::string refuse_message(const ExplainRequest& request)
{
    if (!request.message) return {};
    const MessageFacts& message = *request.message;
    if (message.size > request.limits.message_size) {
        return fmt::format("552 5.3.4 it has {} octets, limits.message_size is {}", message.size,
                           request.limits.message_size);
    }
    if (message.received_fields > request.limits.received_fields) {
        return fmt::format("554 5.4.6 it has {} Received fields, limits.received_fields is {}",
                           message.received_fields, request.limits.received_fields);
    }
    return {};
}

std::string describe(const policy::TlsSource& source)
{
    std::string asked;
    if (source.level != policy::TlsLevel::None) asked = policy::name(source.level);
    if (source.min != facts::TlsVersion::None) {
        asked += fmt::format("{}{} or newer", asked.empty() ? "" : ", ",
                             facts::format_version(source.min));
    }
    return fmt::format("{} {:<26} {}{}{}", source.counted ? "+" : " ", facts::name(source.id),
                       facts::describe(source.id).words, asked.empty() ? "" : ": ", asked);
}

std::string joined(const std::vector<std::string>& texts)
{
    return fmt::format("{}", fmt::join(texts, ", "));
}

// Empty: nothing was said of it.
std::string describe(const Explanation& explanation)
{
    std::vector<std::string> parts;
    if (explanation.message) {
        const MessageFacts& message = *explanation.message;
        parts.push_back(
            fmt::format("{} octets, {} Received fields", message.size, message.received_fields));
        if (message.tls_required_no) {
            parts.emplace_back(explanation.requiretls
                                   ? "TLS-Required: No (ignored beside REQUIRETLS)"
                                   : "TLS-Required: No");
        }
    }
    if (explanation.requiretls) parts.emplace_back("REQUIRETLS");
    std::string text = joined(parts);
    if (!explanation.message_refusal.empty()) text += "; refused: " + explanation.message_refusal;
    return text;
}

json::array list(const std::vector<std::string>& texts)
{
    return json::array(texts.begin(), texts.end());
}

json::array list(const std::vector<facts::Reason>& reasons)
{
    json::array array;
    for (const auto each : reasons) array.push_back(json::value(facts::name(each)));
    return array;
}

json::array list(const std::vector<policy::TlsSource>& sources)
{
    json::array array;
    for (const auto& each : sources) {
        const bool asks = each.level != policy::TlsLevel::None;
        const bool limits = each.min != facts::TlsVersion::None;
        array.push_back(
            json::object{{"id", facts::name(each.id)},
                         {"level", asks ? policy::name(each.level) : std::string_view{}},
                         {"min_tls", limits ? facts::format_version(each.min) : std::string_view{}},
                         {"counted", each.counted},
                         {"words", facts::describe(each.id).words}});
    }
    return array;
}

json::value ratchet_json(const Explanation& explanation)
{
    if (!explanation.ratchet) return nullptr;
    const policy::Hold& hold = *explanation.ratchet;
    const auto time = [](const std::optional<WallTime>& at) {
        return at ? format_rfc3339(*at) : std::string{};
    };
    return json::object{{"destination", explanation.ratchet_destination},
                        {"expected", policy::describe(hold.expectation)},
                        {"seen_since", time(hold.seen_since)},
                        {"held_since", time(hold.held_since)},
                        {"until", format_rfc3339(hold.until)}};
}

json::value message_json(const Explanation& explanation)
{
    if (!explanation.message) return nullptr;
    return json::object{{"size", explanation.message->size},
                        {"received_fields", explanation.message->received_fields},
                        {"tls_required_no", explanation.message->tls_required_no},
                        {"refusal", explanation.message_refusal}};
}

}  // namespace

Explanation explain(const objects::Snapshot& snapshot, const ExplainRequest& request)
{
    Explanation explanation;
    const Admitted client{snapshot, request};
    if (client.chosen != nullptr) {
        explanation.client_connector = client.chosen->connector->name;
        explanation.client_because = client.chosen->because();
    }
    const auto decision = client.decide(snapshot, request);
    explanation.accepted = !decision.refusal;
    explanation.recipient_reason = decision.reason;
    if (decision.refusal) {
        explanation.refusal = fmt::format(
            "{} {} {}", decision.refusal->kind->code, decision.refusal->kind->enhanced.format(),
            smtp::format_refusal(*decision.refusal->kind, decision.refusal->subject));
    }
    explanation.message = request.message;
    explanation.requiretls = request.requiretls;
    explanation.message_refusal = refuse_message(request);
    const auto decided = route_of(snapshot, request);
    explanation.route = decided.route.label;
    explanation.route_reason = decided.reason;
    explanation.route_source = decided.source;
    const auto pauses = queue::complete_keys(request.pauses, snapshot.organization().name);
    if (const auto paused = pauses.find(routing::format_key(decided.route)); paused != pauses.end())
        explanation.paused = queue::describe(paused->second);
    // Of the same snapshot: it has what the route names.
    auto demand = policy::make_demand(snapshot, decided.route, message_demand_of(request));
    HERMETIC_ASSERT(demand.has_value());
    explanation.organization = demand->organization->name;
    const auto destination = outbound::ratchet_destination(decided.route);
    const auto hold = outbound::find_hold(request.observations.get(), *demand->organization,
                                          destination, request.now);
    if (hold) demand->ratchet = hold->expectation;
    explanation.hops = explain_hops(request, decided.route, *demand);
    if (std::ranges::any_of(explanation.hops, is_held_by_ratchet)) {
        explanation.ratchet = hold;
        explanation.ratchet_destination = destination;
    }
    return explanation;
}

policy::MessageDemand message_demand_of(const ExplainRequest& request)
{
    mail::Envelope envelope;
    envelope.tls.requiretls = request.requiretls;
    envelope.tls.tls_required_no = request.message && request.message->tls_required_no;
    policy::MessageDemand demand;
    demand.requests = policy::requests_of(envelope);
    return demand;
}

// Also of what is refused: mail that is let in elsewhere goes the same way.
routing::RouteDecision route_of(const objects::Snapshot& snapshot, const ExplainRequest& request)
{
    const Admitted client{snapshot, request};
    const auto decision = client.decide(snapshot, request);
    const std::string_view organization =
        client.chosen != nullptr ? std::string_view{client.chosen->connector->organization}
                                 : std::string_view{};
    return routing::decide_route(snapshot, organization,
                                 decision.mailbox ? *decision.mailbox : request.recipient);
}

std::string format_explanation(const Explanation& explanation)
{
    std::string text;
    const auto line = [&text](std::string_view title, const std::string& words) {
        text += fmt::format("{:<12} {}\n", title, words);
    };
    line("client", explanation.client_connector.empty()
                       ? std::string{"no inbound connector admits it"}
                       : fmt::format("inbound connector \"{}\" ({})", explanation.client_connector,
                                     explanation.client_because));
    line("recipient",
         fmt::format("{} ({})", explanation.accepted ? "accepted" : explanation.refusal,
                     facts::name(explanation.recipient_reason)));
    if (const auto message = describe(explanation); !message.empty()) line("message", message);
    line("route",
         fmt::format("{} ({}{}{})", explanation.route, facts::name(explanation.route_reason),
                     explanation.route_source.empty() ? "" : ": ", explanation.route_source));
    if (!explanation.paused.empty()) {
        line("waits",
             fmt::format("{}: {}", facts::name(facts::Reason::QueuePaused), explanation.paused));
    }
    if (explanation.ratchet) {
        line("ratchet", fmt::format("{}: {}", explanation.ratchet_destination,
                                    policy::describe(*explanation.ratchet)));
    }
    for (const HopExplanation& hop : explanation.hops) {
        text += '\n';
        line("hop", hop.hop);
        line("tls", fmt::format("{}, {} to {}", hop.level, hop.min, hop.max));
        if (!hop.names.empty())
            line("certificate", "has " + fmt::format("{}", fmt::join(hop.names, " or ")));
        if (!hop.pins.empty()) line("pins", joined(hop.pins));
        if (hop.requiretls) line("offers", "REQUIRETLS, in TLS");
        std::string_view title = "because";
        for (const auto& source : hop.sources) line(std::exchange(title, ""), describe(source));
        if (hop.skip != facts::Reason::None) {
            line("skipped",
                 fmt::format("{}: {}", facts::name(hop.skip), facts::describe(hop.skip).words));
        } else {
            line("ladder", fmt::format("{}", fmt::join(hop.ladder, ", then ")));
            line("clear text",
                 hop.clear ? "if no step above succeeds" : "never: the message is deferred");
        }
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
                                    {"requiretls", hop.requiretls},
                                    {"names", list(hop.names)},
                                    {"pins", list(hop.pins)},
                                    {"because", list(hop.reasons)},
                                    {"sources", list(hop.sources)},
                                    {"skip", facts::name(hop.skip)},
                                    {"ladder", list(hop.ladder)},
                                    {"clear", hop.clear},
                                    {"audited", hop.audited}});
    }
    return json::serialize(
        json::object{{"client_connector", explanation.client_connector},
                     {"client_because", explanation.client_because},
                     {"message", message_json(explanation)},
                     {"requiretls", explanation.requiretls},
                     {"organization", explanation.organization},
                     {"accepted", explanation.accepted},
                     {"recipient_reason", facts::name(explanation.recipient_reason)},
                     {"refusal", explanation.refusal},
                     {"route", explanation.route},
                     {"route_reason", facts::name(explanation.route_reason)},
                     {"route_source", explanation.route_source},
                     {"paused", explanation.paused},
                     {"ratchet", ratchet_json(explanation)},
                     {"hops", std::move(hops)}});
}

}  // namespace hermetic::cli
