#include "routing/route.h"

#include "facts/reasons.h"

#include <functional>
#include <tuple>
#include <utility>

namespace hermetic::routing {
namespace {

using facts::Reason;

auto identity(const Route& route)
{
    return std::tie(route.domain, route.literal, route.hosts, route.connector,
                    route.accepted_domain, route.organization);
}

std::string make_label(const Route& route, const objects::Snapshot& snapshot)
{
    std::string label;
    if (route.is_mx()) label.append("mx:").append(route.domain);
    for (const auto& host : route.hosts)
        label.append(label.empty() ? "hosts:" : ",").append(host.format());
    if (!route.connector.empty()) return label.append(";connector=").append(route.connector);
    if (!route.accepted_domain.empty())
        label.append(";accepted_domain=").append(route.accepted_domain);
    // Most servers have no other organization than the first.
    if (&snapshot.organization(route.organization) != &snapshot.organization())
        label.append(";organization=").append(route.organization);
    return label;
}

RouteDecision finish(RouteDecision decision, const objects::Snapshot& snapshot,
                     std::string_view organization)
{
    decision.route.organization = snapshot.organization(organization).name;
    decision.route.label = make_label(decision.route, snapshot);
    return decision;
}

// To these hosts, or to the recipient's own.
void follow(const objects::NextHop& next_hop, const mail::Mailbox& recipient, Route& route)
{
    if (!next_hop.mx) {
        route.hosts = next_hop.hosts;
    } else if (const auto* literal = recipient.literal()) {
        route.literal = *literal;
        route.domain = mail::format_address_literal(*literal);
    } else {
        route.domain = recipient.domain()->text();
    }
}

RouteDecision connector_route(const objects::Snapshot& snapshot,
                              const objects::OutboundConnector& connector,
                              const mail::Mailbox& recipient)
{
    RouteDecision decision{{}, Reason::RouteConnector, connector.name};
    follow(connector.next_hop, recipient, decision.route);
    decision.route.connector = connector.name;
    return finish(std::move(decision), snapshot, connector.organization);
}

// Domains without settings of their own share what they share a host with.
RouteDecision accepted_route(const objects::Snapshot& snapshot,
                             const objects::AcceptedDomain& accepted,
                             const mail::Mailbox& recipient)
{
    const std::string name = accepted.name.format();
    RouteDecision decision{{}, Reason::RouteAcceptedDomain, name};
    follow(accepted.next_hop, recipient, decision.route);
    if (!decision.route.is_mx() && accepted.tls != objects::TlsSettings{})
        decision.route.accepted_domain = name;
    return finish(std::move(decision), snapshot, accepted.organization);
}

RouteDecision default_route(const objects::Snapshot& snapshot, std::string_view organization,
                            const mail::Mailbox& recipient, Reason reason)
{
    RouteDecision decision{{}, reason, {}};
    follow({}, recipient, decision.route);
    return finish(std::move(decision), snapshot, organization);
}

// Its own next hop goes first; without one a connector may carry its mail.
const objects::OutboundConnector* connector_of(const objects::Snapshot& snapshot,
                                               const objects::AcceptedDomain& accepted,
                                               const mail::Domain& domain)
{
    if (!accepted.connector.empty())
        return snapshot.outbound_connector_named({accepted.organization, accepted.connector});
    return accepted.next_hop.mx ? snapshot.outbound_connector(accepted.organization, domain)
                                : nullptr;
}

}  // namespace

bool Route::operator==(const Route& other) const
{
    return identity(*this) == identity(other);
}

std::size_t RouteHash::operator()(const RoutePointer& route) const
{
    constexpr std::size_t kSpread = 31;
    std::size_t hash = 0;
    const auto add = [&hash](const std::string& text) {
        hash = hash * kSpread + std::hash<std::string>{}(text);
    };
    for (const auto* text :
         {&route->domain, &route->connector, &route->accepted_domain, &route->organization})
        add(*text);
    for (const auto& host : route->hosts) {
        add(host.host.empty() ? host.unix_path : host.host);
        if (host.address) hash = hash * kSpread + std::hash<IpAddress>{}(*host.address);
        hash = hash * kSpread + host.port;
    }
    return hash;
}

RouteDecision decide_route(const objects::Snapshot& snapshot, std::string_view organization,
                           const mail::Mailbox& recipient)
{
    const auto* const domain = recipient.domain();
    if (domain == nullptr) {
        if (const auto* connector = snapshot.outbound_connector_for_any(organization))
            return connector_route(snapshot, *connector, recipient);
        return default_route(snapshot, organization, recipient, Reason::RouteAddressLiteral);
    }
    if (const auto* accepted = snapshot.accepted_domain(*domain)) {
        if (const auto* connector = connector_of(snapshot, *accepted, *domain))
            return connector_route(snapshot, *connector, recipient);
        return accepted_route(snapshot, *accepted, recipient);
    }
    if (const auto* connector = snapshot.outbound_connector(organization, *domain))
        return connector_route(snapshot, *connector, recipient);
    return default_route(snapshot, organization, recipient, Reason::RouteDefaultMx);
}

}  // namespace hermetic::routing
