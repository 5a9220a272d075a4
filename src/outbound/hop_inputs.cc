#include "outbound/hop_inputs.h"

#include "outbound/opening.h"
#include "policy/route_inputs.h"

#include <utility>

namespace hermetic::outbound {

policy::HopFacts hop_facts(const Host& host, const MxFacts& mx, const StsPolicies* policies)
{
    policy::HopFacts hop;
    hop.kind = host.kind;
    hop.implicit_tls = has_implicit_tls(host);
    hop.configured = host.source == routing::TargetSource::Configured;
    hop.host = host.name;
    hop.domain = mx.domain;
    hop.mx_security = mx.security;
    if (policies == nullptr || hop.host.empty()) return hop;
    const StsFacts facts = policies->of(hop.configured ? hop.host : hop.domain, hop.host);
    hop.sts = facts.mode;
    hop.sts_lists_host = facts.lists_host;
    return hop;
}

std::optional<policy::TlsDemand> make_demand(const objects::Snapshot& snapshot,
                                             const routing::Route& route,
                                             policy::MessageDemand message)
{
    const auto inputs = policy::inputs_of_route(snapshot, route, {});
    if (!inputs) return std::nullopt;
    policy::TlsDemand demand;
    demand.organization = inputs->organization;
    demand.connector = inputs->connector;
    demand.next_hop = inputs->next_hop;
    demand.retirements = snapshot.contents().retirements;
    demand.message = std::move(message);
    return demand;
}

}  // namespace hermetic::outbound
