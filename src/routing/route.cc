#include "routing/route.h"

#include "facts/reasons.h"

#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>
#include <variant>

namespace hermetic::routing {
namespace {

using facts::Reason;

auto identity(const Route& route)
{
    return std::tie(route.domain, route.literal, route.hosts, route.connector,
                    route.accepted_domain, route.organization);
}

constexpr std::string_view kOrganization = ";organization=";

// A single ";" begins what follows a name: within one it is doubled.
void append_name(std::string& text, std::string_view name)
{
    for (auto at = name.find(';'); at != std::string_view::npos; at = name.find(';')) {
        text.append(name.substr(0, at)).append(";;");
        name.remove_prefix(at + 1);
    }
    text.append(name);
}

std::string add_organization(std::string text, std::string_view name)
{
    if (name.empty()) return text;
    append_name(text.append(kOrganization), name);
    return text;
}

bool names_organization(std::string_view text)
{
    for (std::size_t at = text.find(kOrganization); at != std::string_view::npos;
         at = text.find(kOrganization, at + 1)) {
        std::size_t first = at;
        while (first > 0 && text[first - 1] == ';') --first;
        if ((at - first) % 2 == 0) return true;
    }
    return false;
}

// Whose it is, left out.
std::string format_destination(const Route& route)
{
    constexpr std::size_t kUsual = 120;
    std::string text;
    text.reserve(kUsual);
    if (route.is_mx()) text.append("mx:").append(route.domain);
    for (const auto& host : route.hosts)
        append_name(text.append(text.empty() ? "hosts:" : ","), host.format());
    if (!route.connector.empty()) append_name(text.append(";connector="), route.connector);
    if (!route.accepted_domain.empty())
        append_name(text.append(";accepted_domain="), route.accepted_domain);
    return text;
}

// Most servers have no other organization than the first.
std::string make_label(const Route& route, const objects::Snapshot& snapshot)
{
    std::string text = format_destination(route);
    if (&snapshot.organization(route.organization) == &snapshot.organization()) return text;
    return add_organization(std::move(text), route.organization);
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

std::string format(const RecipientHost& host)
{
    if (const auto* domain = std::get_if<mail::Domain>(&host)) return domain->text();
    return mail::format_address_literal(std::get<IpAddress>(host));
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

std::string format_key(const Route& route)
{
    return add_organization(format_destination(route), route.organization);
}

std::string key_of_label(std::string_view label, std::string_view first)
{
    std::string text{label};
    return names_organization(text) ? text : add_organization(std::move(text), first);
}

std::string label_of_key(std::string_view key, std::string_view first)
{
    const std::string suffix = add_organization({}, first);
    if (key.ends_with(suffix)) key.remove_suffix(suffix.size());
    return std::string{key};
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

std::vector<Route> configured_routes(const objects::Snapshot& snapshot)
{
    // Configured hosts are the same for every recipient.
    const mail::Mailbox anybody{{}, IpAddress{}};
    std::vector<Route> routes;
    for (const objects::OutboundConnector& each : snapshot.contents().outbound_connectors) {
        if (each.enabled && !each.next_hop.mx)
            routes.push_back(connector_route(snapshot, each, anybody).route);
    }
    for (const objects::AcceptedDomain& each : snapshot.contents().accepted_domains) {
        if (each.enabled && each.connector.empty() && !each.next_hop.mx)
            routes.push_back(accepted_route(snapshot, each, anybody).route);
    }
    return routes;
}

std::string RouteQuestion::format_hosts() const
{
    if (hosts.empty()) return "*";
    std::string text;
    for (const RecipientHost& host : hosts)
        text.append(text.empty() ? "" : ",").append(format(host));
    return text;
}

bool RouteQuestion::names(std::string_view host) const
{
    return std::any_of(hosts.begin(), hosts.end(),
                       [host](const RecipientHost& each) { return format(each) == host; });
}

std::size_t RouteQuestionHash::operator()(const RouteQuestion& question) const
{
    constexpr std::size_t kSpread = 31;
    std::size_t hash = std::hash<std::string>{}(question.organization);
    for (const RecipientHost& host : question.hosts)
        hash = hash * kSpread + std::hash<RecipientHost>{}(host);
    return hash;
}

}  // namespace hermetic::routing
