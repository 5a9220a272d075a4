#include "validation/probe.h"

#include "core/text.h"
#include "mail/domain.h"
#include "net/core.h"
#include "objects/next_hop.h"
#include "validation/words.h"

#include <fmt/format.h>

#include <utility>

namespace hermetic::validation {
namespace {

routing::Route route_of(const ProbeTarget& target, std::uint16_t default_port)
{
    routing::Route route;
    route.mx = !target.address && !target.port;
    if (route.mx) {
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

net::Task<> probe_host(const Environment& env, LookOffice& look_office, Contexts& contexts,
                       HostFindings& host, Sink sink)
{
    co_await resolve(look_office, host, sink);
    const std::string label = host.host.label();
    for (const auto& endpoint : endpoints_of(host)) {
        if (env.core.clock().now() >= env.until) break;
        host.looks.push_back(co_await look_at(env, contexts, host, endpoint, sink));
        const AddressFindings& look = host.looks.back();
        if (look.refused || !look.seen.offered) continue;
        Step step = say_levels(judge_levels(host, look, env.core.clock().wall()));
        step.host = label;
        step.address = address_text(host, endpoint);
        sink(step);
    }
}

Step say_result(const std::vector<HostFindings>& hosts, const Flow& flow)
{
    std::size_t looks = 0;
    std::size_t spoke = 0;
    std::size_t shook = 0;
    for (const auto& host : hosts) {
        looks += host.failure ? 1 : host.looks.size();
        for (const auto& look : host.looks) {
            if (look.seen.offered) ++spoke;
            if (look.evidence) ++shook;
        }
    }
    Step step;
    step.id = StepId::Result;
    step.state = spoke == 0 || !flow.flows          ? State::Failed
                 : spoke == looks && shook == looks ? State::Ok
                                                    : State::Warning;
    step.seen = fmt::format("{} of {} addresses speak SMTP, {} TLS", spoke, looks, shook);
    if (flow.flows) return step;
    step.reason = flow.reason;
    step.seen += "; mail would wait: " + flow.words;
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

net::Task<ProbeFindings> probe(const Environment& env, Contexts& contexts, ProbeTarget target,
                               Sink sink)
{
    ProbeFindings findings;
    findings.target = target.address ? target.address->format() : target.domain;
    auto route = route_of(target, env.settings->options.port);
    LookOffice look{env, nullptr, contexts.system()};
    auto hosts = co_await find_hosts(look, std::move(route), sink);
    Flow flow;
    if (!hosts) {
        flow.reason = hosts.error().reason;
        flow.words = hosts.error().text;
    } else {
        findings.hosts = *std::move(hosts);
        // One that is named for a look is as any that DNS names: what leads to loopback needs an
        // option.
        for (auto& host : findings.hosts) host.host.source = routing::TargetSource::Dns;
        std::size_t looked_at = 0;
        for (auto& host : findings.hosts) {
            if (++looked_at > kMaxHosts) break;
            co_await probe_host(env, look, contexts, host, sink);
        }
        // Under the default policy: opportunistic, and what the domain publishes.
        const objects::Organization organization;
        policy::TlsDemand demand;
        demand.organization = &organization;
        auto whole = target_of(findings.hosts);
        auto found = co_await find_flow(look, std::move(whole), std::move(demand), nullptr);
        flow = std::move(found.flow);
        hang_up(std::move(found.connection));
    }
    const Step result = say_result(findings.hosts, flow);
    findings.state = result.state;
    sink(result);
    co_return findings;
}

}  // namespace hermetic::validation
