#include "observations/retirement_report.h"

#include "core/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace hermetic::observations {
namespace {

using facts::TlsVersion;
using objects::Direction;
using objects::Retirement;

bool is_exception(const objects::OutboundConnector& connector, const Retirement& plan, WallTime now)
{
    const auto* const exception = objects::exception_at(connector.tls, now);
    return connector.enabled && connector.organization == plan.organization &&
           connector.tls.mode == objects::ConnectorMode::Enforce && exception != nullptr &&
           exception->min && *exception->min < policy::lowest_left(plan);
}

bool is_exception(const objects::InboundConnector& connector, const Retirement& plan, WallTime now)
{
    const auto* const exception = objects::exception_at(connector, now);
    return connector.enabled && connector.organization == plan.organization &&
           connector.mode == objects::ConnectorMode::Enforce && exception != nullptr &&
           *exception->min_tls < policy::lowest_left(plan);
}

std::string exempt_by(const objects::Snapshot& snapshot, const Retirement& plan,
                      const DestinationKey& key, WallTime now)
{
    const auto domain = mail::Domain::parse(key.destination);
    if (!domain) return {};
    const auto* connector = snapshot.outbound_connector(key.organization, *domain);
    return connector != nullptr && is_exception(*connector, plan, now) ? connector->name : "";
}

std::string exempt_by(const objects::Snapshot& snapshot, const Retirement& plan,
                      const ClientKey& key, WallTime now)
{
    const auto slash = key.client.find('/');
    const auto address = IpAddress::parse(key.client.substr(0, slash));
    if (!address) return {};
    for (const auto& connector : snapshot.contents().inbound_connectors) {
        if (!is_exception(connector, plan, now) || *connector.exception->min_tls > key.version)
            continue;
        const bool its = std::ranges::any_of(
            connector.networks, [&](const Network& network) { return network.contains(*address); });
        if (its) return connector.name;
    }
    return {};
}

constexpr std::array kOld{TlsVersion::Tls10, TlsVersion::Tls11};

Concerned concerned_of(const Destination& destination, std::size_t version)
{
    const auto& old = destination.history.old[version];
    Concerned one;
    one.peer = destination.key.destination;
    one.label = destination.host;
    one.version = kOld[version];
    one.sessions = old.sessions;
    one.last_seen = old.last;
    one.newer_since = destination.history.last.version > kOld[version];
    return one;
}

Concerned concerned_of(const Client& client)
{
    Concerned one;
    one.peer = client.key.client;
    one.label = client.helo;
    one.sender_domain = client.sender;
    one.version = client.key.version;
    one.sessions = client.sessions;
    one.last_seen = client.last_seen;
    return one;
}

// Whether a plan of this organization retires the version.
bool is_planned(const objects::Snapshot& snapshot, std::string_view organization,
                Direction direction, TlsVersion version)
{
    return std::ranges::any_of(snapshot.contents().retirements, [&](const Retirement& plan) {
        return plan.enabled && plan.organization == organization && plan.direction == direction &&
               version < policy::lowest_left(plan);
    });
}

void add_destinations(PlanReport& report, const objects::Snapshot& snapshot,
                      const std::vector<Destination>& destinations, WallTime now)
{
    const Retirement& plan = report.plan;
    for (const Destination& each : destinations) {
        if (each.key.organization != plan.organization) continue;
        for (std::size_t i = 0; i < kOld.size(); ++i) {
            const auto& old = each.history.old[i];
            if (old.sessions == 0 || kOld[i] >= policy::lowest_left(plan)) continue;
            Concerned one = concerned_of(each, i);
            one.exempt_by = exempt_by(snapshot, plan, each.key, now);
            one.deferred_now = one.exempt_by.empty() && policy::is_in_share(plan, each.host, now);
            report.concerned.push_back(std::move(one));
        }
    }
}

void add_clients(PlanReport& report, const objects::Snapshot& snapshot,
                 const std::vector<Client>& clients, WallTime now)
{
    const Retirement& plan = report.plan;
    for (const Client& each : clients) {
        if (each.key.version >= policy::lowest_left(plan)) continue;
        Concerned one = concerned_of(each);
        one.exempt_by = exempt_by(snapshot, plan, each.key, now);
        one.deferred_now = one.exempt_by.empty() && policy::is_in_share(plan, each.key.client, now);
        report.concerned.push_back(std::move(one));
    }
}

void add_exceptions(PlanReport& report, const objects::Snapshot& snapshot, WallTime now)
{
    const Retirement& plan = report.plan;
    if (plan.direction == Direction::Outbound) {
        for (const auto& each : snapshot.contents().outbound_connectors) {
            if (!is_exception(each, plan, now)) continue;
            report.exceptions.push_back(
                {each.name, format_rfc3339(*each.tls.exception->valid_until)});
        }
        return;
    }
    for (const auto& each : snapshot.contents().inbound_connectors) {
        if (!is_exception(each, plan, now)) continue;
        report.exceptions.push_back({each.name, format_rfc3339(*each.exception->valid_until)});
    }
}

// What strangers chose must not become a formula.
std::string csv_field(std::string text)
{
    if (!text.empty() && std::string_view{"=+-@"}.find(text.front()) != std::string_view::npos)
        text.insert(0, 1, '\'');
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
    return quoted + "\"";
}

}  // namespace

std::vector<PlanReport> report_retirements(const objects::Snapshot& snapshot,
                                           const std::vector<Destination>& destinations,
                                           const std::vector<Client>& clients,
                                           std::string_view name, WallTime now)
{
    std::vector<PlanReport> reports;
    for (const Retirement& plan : snapshot.contents().retirements) {
        if (!name.empty() && plan.name != name) continue;
        PlanReport report;
        report.plan = plan;
        report.phase = policy::phase_of(plan, now);
        report.share = policy::share_of(plan, now);
        if (plan.direction == Direction::Outbound) {
            add_destinations(report, snapshot, destinations, now);
        } else {
            add_clients(report, snapshot, clients, now);
        }
        std::ranges::stable_sort(
            report.concerned, [](const auto& a, const auto& b) { return a.sessions > b.sessions; });
        add_exceptions(report, snapshot, now);
        reports.push_back(std::move(report));
    }
    return reports;
}

std::vector<WithoutPlan> find_without_plan(const objects::Snapshot& snapshot,
                                           const std::vector<Destination>& destinations,
                                           const std::vector<Client>& clients)
{
    std::vector<WithoutPlan> found;
    for (const Destination& each : destinations) {
        const std::string& owner = each.key.organization;
        for (std::size_t i = 0; i < kOld.size(); ++i) {
            if (each.history.old[i].sessions == 0) continue;
            if (is_planned(snapshot, owner, Direction::Outbound, kOld[i])) continue;
            found.push_back({Direction::Outbound, owner, concerned_of(each, i)});
        }
    }
    const auto& organizations = snapshot.contents().organizations;
    for (const Client& each : clients) {
        const bool planned = std::ranges::all_of(organizations, [&](const auto& organization) {
            return is_planned(snapshot, organization.name, Direction::Inbound, each.key.version);
        });
        if (!planned) found.push_back({Direction::Inbound, {}, concerned_of(each)});
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const auto& a, const auto& b) { return a.who.sessions > b.who.sessions; });
    return found;
}

std::string format_csv(const std::vector<PlanReport>& reports,
                       const std::vector<WithoutPlan>& without_plan)
{
    std::string out =
        "plan,direction,organization,peer,name,sender_domain,version,sessions,last_seen,"
        "newer_since,deferred_now,exempt_by\r\n";
    const auto add = [&out](const std::string& plan, Direction direction,
                            const std::string& organization, const Concerned& each) {
        out += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\r\n", csv_field(plan),
                           direction == Direction::Inbound ? "inbound" : "outbound",
                           csv_field(organization), csv_field(each.peer), csv_field(each.label),
                           csv_field(each.sender_domain), facts::format_version(each.version),
                           each.sessions, format_rfc3339(each.last_seen),
                           each.newer_since ? "yes" : "no", each.deferred_now ? "yes" : "no",
                           csv_field(each.exempt_by));
    };
    for (const PlanReport& report : reports) {
        for (const Concerned& each : report.concerned)
            add(report.plan.name, report.plan.direction, report.plan.organization, each);
    }
    for (const WithoutPlan& each : without_plan)
        add({}, each.direction, each.organization, each.who);
    return out;
}

}  // namespace hermetic::observations
