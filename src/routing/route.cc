#include "routing/route.h"

#include "core/text.h"
#include "facts/reasons.h"
#include "objects/next_hop.h"

#include <algorithm>
#include <utility>

namespace hermetic::routing {
namespace {

using facts::Reason;

constexpr std::string_view kMxPrefix = "mx:";
constexpr std::string_view kHostsPrefix = "hosts:";
constexpr std::string_view kIpv6Tag = "IPv6:";
constexpr std::string_view kConnectorMark = ";connector=";
constexpr std::string_view kAcceptedDomainMark = ";accepted_domain=";
constexpr std::string_view kOrganizationMark = ";organization=";

Route mx_route(std::string domain, Reason reason, std::string_view source)
{
    Route route;
    route.key = std::string{kMxPrefix} + domain;
    route.domain = std::move(domain);
    route.reason = reason;
    route.source = source;
    return route;
}

Route next_hop_route(const objects::NextHop& next_hop, std::string domain, Reason reason,
                     std::string_view source)
{
    if (next_hop.mx) return mx_route(std::move(domain), reason, source);
    Route route;
    route.mx = false;
    route.hosts = next_hop.hosts;
    route.reason = reason;
    route.source = source;
    std::string_view separator = kHostsPrefix;
    for (const auto& host : route.hosts) {
        route.key += separator;
        route.key += host.format();
        separator = ",";
    }
    return route;
}

// The route of a connector's mail.
Route connector_route(const objects::OutboundConnector& connector, std::string domain)
{
    auto route = next_hop_route(connector.next_hop, std::move(domain), Reason::RouteConnector,
                                connector.name);
    route.connector = connector.name;
    route.key += kConnectorMark;
    route.key += connector.name;
    return route;
}

// That of an accepted domain. Domains without settings of their own share what they share a host
// with.
Route accepted_route(const objects::AcceptedDomain& accepted, std::string domain)
{
    const std::string name = accepted.name.format();
    auto route =
        next_hop_route(accepted.next_hop, std::move(domain), Reason::RouteAcceptedDomain, name);
    if (route.mx || accepted.tls == objects::TlsSettings{}) return route;
    route.accepted_domain = name;
    route.key += kAcceptedDomainMark;
    route.key += name;
    return route;
}

// The first organization's mail needs no mark: most servers have no other.
Route owned_by(Route route, const objects::Snapshot& snapshot, std::string_view organization)
{
    const std::string& owner = snapshot.organization(organization).name;
    if (&snapshot.organization(owner) == &snapshot.organization()) return route;
    route.organization = owner;
    route.key += kOrganizationMark;
    route.key += owner;
    return route;
}

Route literal_route(const objects::Snapshot& snapshot, std::string_view organization,
                    const IpAddress& address)
{
    std::string literal = "[";
    if (address.is_v6()) literal += kIpv6Tag;
    literal += address.format() + "]";
    if (const auto* connector = snapshot.outbound_connector_for_any(organization)) {
        return connector_route(*connector, std::move(literal));
    }
    return owned_by(mx_route(std::move(literal), Reason::RouteAddressLiteral, {}), snapshot,
                    organization);
}

std::optional<Route> parse_hosts_key(std::string_view key)
{
    objects::NextHop next_hop;
    next_hop.mx = false;
    for (const auto part : split(key.substr(kHostsPrefix.size()), ',')) {
        auto host = objects::parse_next_hop_host(part);
        if (!host) return std::nullopt;
        next_hop.hosts.push_back(*std::move(host));
    }
    auto route = next_hop_route(next_hop, {}, {}, {});
    if (route.key != key) return std::nullopt;
    return route;
}

// A key without its connector.
std::optional<Route> parse_way(std::string_view key)
{
    if (key.starts_with(kHostsPrefix)) return parse_hosts_key(key);
    if (!key.starts_with(kMxPrefix)) return std::nullopt;
    const auto domain = key.substr(kMxPrefix.size());
    if (literal_of(domain)) return mx_route(std::string{domain}, {}, {});
    const auto parsed = mail::Domain::parse(domain);
    if (!parsed || parsed->text() != domain) return std::nullopt;
    return mx_route(std::string{domain}, {}, {});
}

}  // namespace

Route decide_route(const objects::Snapshot& snapshot, std::string_view organization,
                   const mail::Mailbox& recipient)
{
    if (const auto* literal = recipient.literal())
        return literal_route(snapshot, organization, *literal);
    const auto& domain = *recipient.domain();
    const auto* accepted = snapshot.accepted_domain(domain);
    if (accepted != nullptr) {
        organization = accepted->organization;
        // Its own next hop goes first; without one a connector may carry its mail.
        const auto* connector =
            !accepted->connector.empty()
                ? snapshot.outbound_connector(std::string_view{accepted->connector})
            : accepted->next_hop.mx ? snapshot.outbound_connector(organization, domain)
                                    : nullptr;
        if (connector == nullptr) {
            return owned_by(accepted_route(*accepted, domain.text()), snapshot, organization);
        }
        return connector_route(*connector, domain.text());
    }
    if (const auto* connector = snapshot.outbound_connector(organization, domain)) {
        return connector_route(*connector, domain.text());
    }
    return owned_by(mx_route(domain.text(), Reason::RouteDefaultMx, {}), snapshot, organization);
}

std::optional<IpAddress> literal_of(std::string_view domain)
{
    if (!domain.starts_with('[') || !domain.ends_with(']')) return std::nullopt;
    auto inner = domain.substr(1, domain.size() - 2);
    const bool tagged = inner.starts_with(kIpv6Tag);
    if (tagged) inner.remove_prefix(kIpv6Tag.size());
    const auto address = IpAddress::parse(inner);
    if (!address || address->is_v6() != tagged) return std::nullopt;
    return address;
}

std::optional<Route> parse_route_key(std::string_view key)
{
    const auto connector = key.find(kConnectorMark);
    const auto domain = key.find(kAcceptedDomainMark);
    const auto organization = key.find(kOrganizationMark);
    auto route = parse_way(key.substr(0, std::min({connector, domain, organization})));
    if (!route) return route;
    route->key = key;
    if (connector != std::string_view::npos) {
        // A name may have any character: it ends with the key.
        route->connector = key.substr(connector + kConnectorMark.size());
        if (route->connector.empty()) return std::nullopt;
        return route;
    }
    if (organization != std::string_view::npos) {
        route->organization = key.substr(organization + kOrganizationMark.size());
        if (route->organization.empty()) return std::nullopt;
    }
    if (domain < organization) {
        const auto begin = domain + kAcceptedDomainMark.size();
        route->accepted_domain = key.substr(begin, organization - begin);
        if (!objects::DomainPattern::parse(route->accepted_domain)) return std::nullopt;
    }
    return route;
}

}  // namespace hermetic::routing
