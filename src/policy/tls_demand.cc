#include "policy/tls_demand.h"

#include "policy/approval.h"
#include "policy/retirement.h"

#include <algorithm>
#include <vector>

namespace hermetic::policy {
namespace {

// As far as the route names them.
std::vector<HopFacts> hops_of(const routing::Route& route)
{
    std::vector<HopFacts> hops;
    for (const objects::NextHopHost& host : route.hosts) {
        HopFacts hop;
        hop.kind = hop_kind(host);
        hop.configured = true;
        hop.implicit_tls = host.protocol == objects::HostProtocol::Smtps;
        hop.host = host.host;
        hops.push_back(std::move(hop));
    }
    if (route.is_mx()) hops.emplace_back().domain = route.domain;
    return hops;
}

}  // namespace

MessageRequests requests_of(const mail::Envelope& envelope)
{
    MessageRequests requests = envelope.tls;
    const bool redacted = envelope.is_notice && requests.level == TlsLevel::None;
    if (redacted) requests.requiretls = false;
    return requests;
}

TlsInputs make_tls_inputs(const TlsDemand& demand, const HopFacts& hop, std::string_view label,
                          WallTime now)
{
    TlsInputs inputs;
    inputs.organization = demand.organization;
    inputs.connector = demand.connector;
    inputs.next_hop = demand.next_hop;
    inputs.hop = hop;
    inputs.requests = demand.message.requests;
    inputs.rule = demand.message.rule;
    inputs.ratchet = demand.ratchet;
    inputs.now = now;
    if (label.empty()) return inputs;
    const auto retired =
        decide_outbound_retirement(demand.retirements, demand.organization->name, label, now);
    if (retired) inputs.retired_below = retired->below;
    inputs.retirement_over = retired && retired->over;
    return inputs;
}

TlsDecision decide_tls(const TlsDemand& demand, const HopFacts& hop, std::string_view label,
                       WallTime now)
{
    const TlsInputs inputs = make_tls_inputs(demand, hop, label, now);
    return demand.message.approved == Approved::Yes ? decide_approved(inputs) : decide_tls(inputs);
}

std::optional<TlsInputs> inputs_of_route(const objects::Snapshot& snapshot,
                                         const routing::Route& route, WallTime now)
{
    if (!route.is_mx() && route.hosts.empty()) return std::nullopt;
    TlsInputs inputs;
    inputs.now = now;
    inputs.organization = &snapshot.organization(route.organization);
    if (!route.connector.empty()) {
        inputs.connector = snapshot.outbound_connector_named({route.organization, route.connector});
        if (inputs.connector == nullptr) return std::nullopt;
        inputs.organization = &snapshot.organization(inputs.connector->organization);
    }
    if (!route.accepted_domain.empty()) {
        const auto* const domain = snapshot.accepted_domain_named(route.accepted_domain);
        if (domain == nullptr) return std::nullopt;
        inputs.next_hop = &domain->tls;
    }
    return inputs;
}

std::optional<TlsDemand> make_demand(const objects::Snapshot& snapshot, const routing::Route& route,
                                     MessageDemand message)
{
    const auto inputs = inputs_of_route(snapshot, route, {});
    if (!inputs) return std::nullopt;
    TlsDemand demand;
    demand.organization = inputs->organization;
    demand.connector = inputs->connector;
    demand.next_hop = inputs->next_hop;
    demand.retirements = snapshot.contents().retirements;
    demand.message = std::move(message);
    return demand;
}

std::optional<RouteProtection> protection_of_route(const objects::Snapshot& snapshot,
                                                   const routing::Route& route, WallTime now)
{
    auto inputs = inputs_of_route(snapshot, route, now);
    if (!inputs) return std::nullopt;
    RouteProtection protection;
    protection.local = true;
    protection.weakest = TlsLevel::Dane;
    for (HopFacts& hop : hops_of(route)) {
        inputs->hop = std::move(hop);
        const TlsDecision decision = decide_tls(*inputs);
        protection.required =
            mail::strongest(std::move(protection.required), required_tls(decision));
        if (inputs->hop.kind != HopKind::Network) continue;
        protection.local = false;
        protection.weakest = std::min(protection.weakest, decision.policy.level);
    }
    return protection;
}

}  // namespace hermetic::policy
