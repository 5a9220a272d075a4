#include "validation/look.h"

#include "core/text.h"
#include "net/core.h"
#include "outbound/io_outcome.h"
#include "routing/target_address.h"
#include "smtp/client_outcome.h"
#include "validation/tlsa.h"
#include "validation/words.h"

#include <fmt/format.h>

#include <utility>

namespace hermetic::validation {
namespace {

using facts::TlsVersion;
using End = Seen::End;

HostFindings found_host(outbound::Host host)
{
    HostFindings findings;
    findings.host = std::move(host);
    return findings;
}

std::vector<HostFindings> configured_hosts(const routing::Route& route)
{
    std::vector<HostFindings> hosts;
    for (auto& host : outbound::hosts_of(route)) hosts.push_back(found_host(std::move(host)));
    if (hosts.size() > kMaxHosts) hosts.resize(kMaxHosts);
    return hosts;
}

void tell(const Sink& sink, Step step, const std::string& host, const std::string& address = {})
{
    step.host = host;
    step.address = address;
    sink(step);
}

void tell_running(const Sink& sink, StepId id, const std::string& host,
                  const std::string& address = {})
{
    tell(sink, Step{id, {}, {}, State::Running, {}, {}, {}}, host, address);
}

std::string describe_mx(const facts::MxAnswer& answer, const std::vector<HostFindings>& hosts)
{
    if (hosts.front().host.implicit) {
        return fmt::format("no MX record: the domain itself ({})", facts::name(answer.security));
    }
    std::vector<std::string> names;
    for (const auto& each : hosts) names.push_back(each.host.name);
    auto text = fmt::format("{} ({})", join(names, ", "), facts::name(answer.security));
    if (answer.records.size() > hosts.size())
        text += fmt::format("; {} records in all", answer.records.size());
    return text;
}

net::Task<std::vector<HostFindings>> find_mx(const Environment& env, std::string domain, Sink sink)
{
    tell_running(sink, StepId::Mx, domain);
    const auto answer = co_await env.resolver.mx(env.core, domain, env.within(env.patience.dns));
    auto ordered = routing::order_hosts(domain, answer, env.settings->own_names, env.core.random());
    if (!ordered) {
        tell(sink, say_failure(StepId::Mx, std::move(ordered.error())), domain);
        co_return std::vector<HostFindings>{};
    }
    std::vector<HostFindings> hosts;
    for (auto& mx : *ordered) {
        if (hosts.size() == kMaxHosts) break;
        outbound::Host host;
        host.name = std::move(mx.name);
        host.implicit = mx.implicit;
        host.port = env.settings->options.port;
        hosts.push_back(found_host(std::move(host)));
        hosts.back().mx_security = answer.security;
        hosts.back().domain = domain;
    }
    tell(sink, Step{StepId::Mx, {}, {}, State::Ok, {}, describe_mx(answer, hosts), {}}, domain);
    co_return hosts;
}

net::Task<> try_versions(const Environment& env, Contexts& contexts, const CallRequest& request,
                         AddressFindings& findings)
{
    for (const auto version :
         {TlsVersion::Tls13, TlsVersion::Tls12, TlsVersion::Tls11, TlsVersion::Tls10}) {
        VersionTry tried;
        tried.version = version;
        auto context = contexts.of_versions(version, version);
        if (!context) {
            tried.why = context.error();
            findings.versions.push_back(std::move(tried));
            continue;
        }
        CallRequest alone = request;
        alone.handshaking = *std::move(context);
        Call made = co_await call(env, std::move(alone));
        tried.accepted = made.seen.end == End::Ready;
        if (made.seen.tls) {
            tried.cipher = made.seen.tls->cipher;
            tried.group = made.seen.tls->group;
            if (!findings.evidence) findings.evidence = made.seen.tls;
        }
        if (!tried.accepted && made.seen.failure) tried.why = facts::describe(*made.seen.failure);
        if (!tried.accepted && tried.why.empty() && made.seen.outcome)
            tried.why = printable(made.seen.outcome->text);
        if (!tried.accepted && tried.why.empty()) tried.why = "STARTTLS is not offered";
        hang_up(made);
        findings.versions.push_back(std::move(tried));
    }
}

}  // namespace

std::string address_text(const HostFindings& host, const Endpoint& endpoint)
{
    return host.host.unix_path.empty() ? endpoint.format() : host.host.unix_path;
}

std::vector<Endpoint> endpoints_of(const HostFindings& host)
{
    std::vector<Endpoint> endpoints;
    for (const auto& address : host.addresses) endpoints.push_back({address, host.host.port});
    return endpoints;
}

net::Task<std::vector<HostFindings>> find_hosts(const Environment& env, routing::Route route,
                                                Sink sink)
{
    if (!route.mx) co_return configured_hosts(route);
    if (const auto literal = routing::literal_of(route.domain)) {
        outbound::Host host;
        host.address = *literal;
        host.port = env.settings->options.port;
        std::vector<HostFindings> only;
        only.push_back(found_host(std::move(host)));
        only.back().domain = route.domain;
        co_return only;
    }
    co_return co_await find_mx(env, std::move(route.domain), std::move(sink));
}

net::Task<> resolve(const Environment& env, HostFindings& host, Sink sink)
{
    if (!host.host.unix_path.empty()) {
        host.addresses = {IpAddress{}};
        co_return;
    }
    host.addresses = outbound::known_addresses(host.host);
    if (!host.addresses.empty()) co_return;
    const std::string label = host.host.label();
    tell_running(sink, StepId::Addresses, label);
    const auto answer =
        co_await env.resolver.addresses(env.core, host.host.name, env.within(env.patience.dns));
    if (answer.addresses.empty()) {
        const bool failed = answer.status == facts::DnsStatus::Failed;
        host.failure = smtp::local_outcome(
            facts::Stage::Dns,
            failed ? facts::EnhancedStatus{4, 4, 312} : facts::EnhancedStatus{5, 4, 4},
            failed ? "dns.failed" : "dns.no-address",
            failed
                ? fmt::format("the addresses of {} could not be looked up: {}", label, answer.why)
                : fmt::format("{} has no address", label));
        tell(sink, say_failure(StepId::Addresses, *host.failure), label);
        co_return;
    }
    host.addresses = outbound::interleave(answer.addresses);
    if (host.addresses.size() > kMaxAddresses) host.addresses.resize(kMaxAddresses);
    host.address_security = answer.security;
    host.canonical_name = answer.canonical_name;
    tell(sink, say_addresses(host), label);
    tell_running(sink, StepId::Tlsa, label);
    co_await find_tlsa(env, host);
    tell(sink, say_tlsa(host), label);
}

std::optional<facts::Outcome> refuse(const Environment& env, const HostFindings& host,
                                     const Endpoint& endpoint)
{
    if (!host.host.unix_path.empty()) return std::nullopt;
    const auto why =
        routing::refuse_target(endpoint, host.host.source, env.settings->target_rules());
    if (!why) return std::nullopt;
    return smtp::local_outcome(facts::Stage::Route, {5, 4, 6}, *why,
                               fmt::format("{} is not connected to: {}", endpoint.format(),
                                           routing::describe_refused_target(*why)));
}

net::Task<AddressFindings> look_at(const Environment& env, Contexts& contexts,
                                   const HostFindings& host, Endpoint endpoint, Sink sink)
{
    AddressFindings findings;
    findings.endpoint = endpoint;
    const std::string label = host.host.label();
    const std::string address = address_text(host, endpoint);
    tell_running(sink, StepId::Connect, label, address);
    findings.refused = refuse(env, host, endpoint);
    if (findings.refused) {
        tell(sink, say_failure(StepId::Connect, *findings.refused), label, address);
        co_return findings;
    }
    CallRequest request;
    request.host = host.host;
    request.endpoint = endpoint;
    request.server_name = host.tlsa != nullptr ? host.tlsa->base : host.host.name;
    request.tlsa = host.tlsa;
    const bool local = !host.host.unix_path.empty();
    auto context = contexts.of_versions(TlsVersion::Tls12, TlsVersion::Tls13);
    if (context && !local) request.handshaking = *context;
    CallRequest first = request;
    Call made = co_await call(env, std::move(first));
    hang_up(made);
    findings.seen = std::move(made.seen);
    findings.evidence = findings.seen.tls;
    for (auto& step : say_seen(findings.seen)) tell(sink, std::move(step), label, address);
    const bool offers = outbound::has_implicit_tls(host.host) ||
                        (findings.seen.offered && findings.seen.offered->starttls);
    if (!offers || local || findings.seen.end == End::Refused) co_return findings;

    tell_running(sink, StepId::Versions, label, address);
    co_await try_versions(env, contexts, request, findings);
    tell(sink, say_versions(findings.versions, TlsVersion::Tls12), label, address);
    if (findings.evidence) {
        tell(sink, say_certificate(*findings.evidence, env.core.clock().wall()), label, address);
    }
    co_return findings;
}

}  // namespace hermetic::validation
