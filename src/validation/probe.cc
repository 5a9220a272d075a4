#include "validation/probe.h"

#include "core/text.h"
#include "mail/domain.h"
#include "net/core.h"
#include "objects/next_hop.h"
#include "validation/expected.h"
#include "validation/judge.h"
#include "validation/words.h"

#include <fmt/format.h>

#include <utility>

namespace hermetic::validation {
namespace {

routing::Route route_of(const ProbeTarget& target, std::uint16_t default_port)
{
    routing::Route route;
    if (!target.address && !target.port) {
        route.domain = target.domain;
        return route;
    }
    objects::NextHopHost host;
    host.host = target.domain;
    host.address = target.address;
    host.port = target.port.value_or(default_port);
    route.hosts.push_back(std::move(host));
    return route;
}

// Somebody speaks there, or refuses to.
bool is_there(const AddressFindings& probe)
{
    const auto& outcome = probe.seen.outcome;
    return !probe.refused &&
           (probe.seen.offered || (outcome && outcome->origin == facts::Origin::Remote));
}

net::Task<> probe_host(const Environment& env, ProbeContext& probe_context, Contexts& contexts,
                       const Subject& subject, HostFindings& host, Sink sink)
{
    co_await resolve(probe_context, host, sink);
    const std::string label = host.host.label();
    for (const auto& endpoint : endpoints_of(host)) {
        if (env.core.clock().now() >= env.until) break;
        std::vector<policy::TlsName> no_names;
        auto probed =
            co_await probe_address(env, contexts, host, endpoint, std::move(no_names), sink);
        host.probes.push_back(std::move(probed));
        if (!is_there(host.probes.back())) continue;
        auto levels = co_await try_levels(probe_context, subject.organization, host, endpoint);
        Step step = say_levels(levels);
        host.probes.back().levels = std::move(levels);
        step.host = label;
        step.address = address_text(host, endpoint);
        sink(step);
    }
}

Step say_result(const ProbeFindings& findings)
{
    const Flow& flow = findings.flow;
    std::size_t probes = 0;
    std::size_t spoke = 0;
    std::size_t shook = 0;
    for (const auto& host : findings.hosts) {
        probes += host.failure ? 1 : host.probes.size();
        for (const auto& probe : host.probes) {
            if (probe.seen.offered) ++spoke;
            if (probe.evidence) ++shook;
        }
    }
    Step step;
    step.id = StepId::Result;
    const bool all = spoke == probes && shook == probes && !flow.in_clear;
    step.state = !flow.goes() ? State::Failed : all ? State::Ok : State::Warning;
    step.reason = flow.reason;
    step.seen = fmt::format("{} of {} addresses speak SMTP, {} TLS; {}{}", spoke, probes, shook,
                            would(flow.fate), flow.in_clear ? " in clear" : "");
    if (!flow.goes() || flow.in_clear) step.seen += ": " + flow.words;
    step.fix = flow.fix;
    return step;
}

}  // namespace

std::optional<ProbeTarget> parse_probe_target(std::string_view text)
{
    ProbeTarget target;
    if (const auto address = IpAddress::parse(text)) {
        target.address = *address;
        return target;
    }
    const auto host = objects::parse_smart_host(text);
    if (!host || !host->unix_path.empty()) return std::nullopt;
    target.address = host->address;
    target.domain = host->host;
    const bool literal = text.starts_with('[');
    const bool has_port = literal ? text.find("]:") != std::string_view::npos
                                  : text.find(':') != std::string_view::npos;
    if (has_port) target.port = host->port;
    if (target.address) return target;
    const auto domain = mail::Domain::parse(target.domain);
    if (!domain) return std::nullopt;
    target.domain = domain->text();
    return target;
}

net::Task<ProbeFindings> probe(const Environment& env, std::shared_ptr<const tls::CaSet> system_cas,
                               Subject subject, ProbeTarget target, Sink sink)
{
    ProbeFindings findings;
    Expected expected;
    findings.target = target.address ? target.address->format() : target.domain;
    auto route = route_of(target, env.settings->options.port);
    ProbeContext probe_context{env, subject.credentials, std::move(system_cas)};
    auto hosts = co_await find_hosts(probe_context, std::move(route), sink);
    if (!hosts) {
        findings.flow = flow_of(hosts.error(), Proof::None);
    } else {
        findings.hosts = *std::move(hosts);
        // A host that is named to be probed is as any that DNS names: loopback needs an option.
        for (auto& host : findings.hosts) host.host.source = routing::TargetSource::Dns;
        Contexts contexts{trust_of(probe_context, subject.organization)};
        std::size_t hosts_probed = 0;
        for (auto& host : findings.hosts) {
            if (++hosts_probed > kMaxHosts) break;
            co_await probe_host(env, probe_context, contexts, subject, host, sink);
        }
        // As mail of the organization goes that no connector has.
        auto whole = list_of(findings.hosts);
        auto demand = demand_of(subject);
        auto found =
            co_await find_flow(probe_context, std::move(whole), std::move(demand), nullptr);
        findings.flow = std::move(found.flow);
        expected = find_expectation(env, subject, findings.hosts);
        hang_up(std::move(found.connection));
    }
    Step result = say_result(findings);
    say_expectation(expected, findings.flow, result);
    findings.state = result.state;
    sink(result);
    co_return findings;
}

}  // namespace hermetic::validation
