#include "validation/host_probe.h"

#include "core/text.h"
#include "facts/reasons.h"
#include "net/core.h"
#include "outbound/io_outcome.h"
#include "policy/attempt_limits.h"
#include "routing/target_address.h"
#include "validation/tlsa.h"
#include "validation/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace hermetic::validation {
namespace {

using facts::TlsVersion;
using End = Seen::End;

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

std::string describe_mx(const std::vector<HostFindings>& hosts)
{
    const auto security = facts::name(hosts.front().mx_security);
    if (hosts.front().host.implicit) {
        return fmt::format("no MX record: the domain itself ({})", security);
    }
    std::vector<std::string> names;
    const std::size_t shown = std::min(hosts.size(), policy::kMaxHosts);
    for (std::size_t i = 0; i < shown; ++i) names.push_back(hosts[i].host.name);
    const std::string more =
        shown == hosts.size() ? "" : fmt::format(" and {} more", hosts.size() - shown);
    return fmt::format("{}{} ({})", join(names, ", "), more, security);
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
            tried.why = say_outcome(*made.seen.outcome, proof_of(made.seen.tls));
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

net::Task<Result<std::vector<HostFindings>, facts::Outcome>> find_hosts(ProbeContext& probe_context,
                                                                        routing::Route route,
                                                                        Sink sink)
{
    const std::string domain = route.domain;
    if (!domain.empty()) tell_running(sink, StepId::Mx, domain);
    auto found = co_await outbound::find_hosts(probe_context.outbound_context(), route);
    if (!found) {
        facts::Outcome outcome = found.error();
        tell(sink, say_failure(StepId::Mx, std::move(found.error()), Proof::None), domain);
        co_return failure(std::move(outcome));
    }
    std::vector<HostFindings> hosts;
    for (auto& each : found->hosts) {
        HostFindings host;
        host.host = std::move(each);
        host.mx_security = found->mx.security;
        host.canonical_domain = found->mx.canonical_domain;
        host.domain = domain;
        hosts.push_back(std::move(host));
    }
    if (!domain.empty()) {
        tell(sink, Step{StepId::Mx, {}, {}, State::Ok, {}, describe_mx(hosts), {}}, domain);
    }
    co_return hosts;
}

net::Task<> resolve(ProbeContext& probe_context, HostFindings& host, Sink sink)
{
    const std::string label = host.host.label();
    if (!host.host.unix_path.empty()) {
        host.addresses = {IpAddress{}};
        co_return;
    }
    host.addresses = outbound::known_addresses(host.host);
    if (!host.addresses.empty()) co_return;
    tell_running(sink, StepId::Addresses, label);
    outbound::Host asked = host.host;
    auto found =
        co_await outbound::find_addresses(probe_context.outbound_context(), std::move(asked));
    if (!found) {
        host.failure = found.error();
        tell(sink, say_failure(StepId::Addresses, std::move(found.error()), Proof::None), label);
        co_return;
    }
    host.addresses = found->addresses;
    if (host.addresses.size() > kMaxAddresses) host.addresses.resize(kMaxAddresses);
    host.address_security = found->security;
    host.canonical_name = found->canonical_name;
    host.missing = found->missing;
    tell(sink, say_addresses(host), label);
    tell_running(sink, StepId::Tlsa, label);
    asked = host.host;
    outbound::MxFacts mx{host.domain, host.canonical_domain, host.mx_security};
    const auto finding = co_await outbound::find_tlsa(
        probe_context.outbound_context(), std::move(asked), *std::move(found), std::move(mx));
    take_tlsa(finding, host);
    tell(sink, say_tlsa(host), label);
}

std::optional<facts::Outcome> refuse(const Environment& env, const HostFindings& host,
                                     const Endpoint& endpoint)
{
    if (!host.host.unix_path.empty()) return std::nullopt;
    const auto why =
        routing::refuse_target(endpoint, host.host.source, env.settings->target_rules());
    if (!why) return std::nullopt;
    return facts::local_outcome(*why, fmt::format("{} must not be connected to: {}",
                                                  endpoint.format(), facts::describe(*why).words));
}

net::Task<AddressFindings> probe_address(const Environment& env, Contexts& contexts,
                                         const HostFindings& host, Endpoint endpoint,
                                         std::vector<policy::TlsName> names, Sink sink)
{
    AddressFindings findings;
    findings.endpoint = endpoint;
    const std::string label = host.host.label();
    const std::string address = address_text(host, endpoint);
    tell_running(sink, StepId::Connect, label, address);
    findings.refused = refuse(env, host, endpoint);
    if (findings.refused) {
        tell(sink, say_failure(StepId::Connect, *findings.refused, Proof::None), label, address);
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
    const bool closed = findings.seen.busy && !findings.seen.tls;
    if (!offers || local || closed || findings.seen.end == End::Refused) co_return findings;

    tell_running(sink, StepId::Versions, label, address);
    co_await try_versions(env, contexts, request, findings);
    tell(sink, say_versions(findings.versions, TlsVersion::Tls12), label, address);
    if (findings.evidence) {
        tell(sink, say_certificate(*findings.evidence, env.core.clock().wall(), names), label,
             address);
    }
    co_return findings;
}

}  // namespace hermetic::validation
