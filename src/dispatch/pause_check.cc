#include "dispatch/pause_check.h"

#include "core/quote.h"
#include "core/text.h"
#include "mail/address.h"
#include "routing/route.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace hermetic::dispatch {
namespace {

using routing::Route;
using routing::RouteDecision;

constexpr std::string_view kMx = "mx:";
constexpr std::size_t kShown = 3;

// Without whose it is and what led there.
std::string_view next_hop_of(std::string_view key)
{
    constexpr std::array<std::string_view, 3> kAdditions{
        ";connector=", ";accepted_domain=", ";organization="};
    std::size_t end = key.size();
    for (const std::string_view each : kAdditions) end = std::min(end, key.find(each));
    return key.substr(0, end);
}

// Somebody in this domain, or at this address literal.
std::optional<mail::Mailbox> recipient_in(std::string_view host)
{
    if (const auto literal = mail::parse_address_literal(host)) return mail::Mailbox{{}, *literal};
    const auto domain = mail::Domain::parse(host);
    if (!domain) return std::nullopt;
    return mail::Mailbox{{}, *domain};
}

std::string list_labels(const std::vector<const Route*>& routes)
{
    std::vector<std::string_view> labels;
    for (const Route* each : routes) {
        if (std::find(labels.begin(), labels.end(), each->label) == labels.end())
            labels.emplace_back(each->label);
    }
    std::string text;
    for (std::size_t i = 0; i < std::min(labels.size(), kShown); ++i)
        text += (i == 0 ? "" : " or ") + quoted(labels[i], 1000);
    if (labels.size() > kShown) text += " or others";
    return text;
}

std::string refuse(const std::string& mail, const std::vector<const Route*>& routes)
{
    return "Nothing was paused: mail " + mail + " goes to " + list_labels(routes) + ": pause that.";
}

// By the settings of each organization: the domain may be nobody's.
std::vector<RouteDecision> decide_all(const objects::Snapshot& snapshot,
                                      const mail::Mailbox& recipient)
{
    std::vector<RouteDecision> decided;
    for (const objects::Organization& each : snapshot.contents().organizations)
        decided.push_back(routing::decide_route(snapshot, each.name, recipient));
    return decided;
}

PauseCheck check_mx(const objects::Snapshot& snapshot, std::string_view key, std::string_view host)
{
    const auto recipient = recipient_in(host);
    if (!recipient) return {};
    const auto decided = decide_all(snapshot, *recipient);
    std::vector<const Route*> routes;
    for (const RouteDecision& each : decided) {
        // The default has no source.
        if (routing::format_key(each.route) == key) return {{}, !each.source.empty()};
        routes.push_back(&each.route);
    }
    if (routes.empty()) return {};
    return {refuse("for " + printable(host), routes), false};
}

PauseCheck check_hosts(const std::vector<Route>& configured, std::string_view key)
{
    std::vector<const Route*> same_hosts;
    for (const Route& each : configured) {
        const std::string its_key = routing::format_key(each);
        if (its_key == key) return {{}, true};
        if (next_hop_of(its_key) == next_hop_of(key)) same_hosts.push_back(&each);
    }
    if (same_hosts.empty()) return {};
    return {refuse("to these hosts", same_hosts), false};
}

// Who means a connector and gives its name: no domain of the Internet has one label.
std::string refuse_connector(const std::vector<Route>& configured, std::string_view name)
{
    std::vector<const Route*> its;
    for (const Route& each : configured) {
        if (to_lower(each.connector) == name) its.push_back(&each);
    }
    return its.empty() ? std::string{} : refuse("by connector " + quoted(name), its);
}

}  // namespace

PauseCheck check_pause(const objects::Snapshot& snapshot, std::string_view key)
{
    const auto configured = routing::configured_routes(snapshot);
    const std::string_view next_hop = next_hop_of(key);
    if (!next_hop.starts_with(kMx)) return check_hosts(configured, key);
    const std::string_view host = next_hop.substr(kMx.size());
    PauseCheck check = check_mx(snapshot, key, host);
    if (check.refusal.empty() && !check.named) check.refusal = refuse_connector(configured, host);
    return check;
}

}  // namespace hermetic::dispatch
