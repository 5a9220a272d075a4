#include "outbound/hosts.h"

#include "core/text.h"
#include "dns/resolver.h"
#include "facts/reasons.h"
#include "net/core.h"
#include "outbound/context.h"
#include "outbound/opening.h"
#include "outbound/sts_policies.h"
#include "tls/tlsa.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace hermetic::outbound {
namespace {

using facts::DnsSecurity;
using facts::DnsStatus;
using facts::Outcome;
using facts::Reason;
using policy::TlsaStatus;

// The resolver has its own limit; this one also ends questions that nobody answers at all.
constexpr std::chrono::seconds kDnsTime{30};
constexpr std::size_t kMaxName = 253;

HostList literal_host(const routing::Route& route, std::uint16_t port)
{
    Host host;
    host.address = route.literal;
    host.port = port;
    return {{std::move(host)}, {.domain = route.domain, .canonical_domain = {}}};
}

HostList configured_hosts(const routing::Route& route, Random& random)
{
    HostList list;
    list.hosts = hosts_of(route);
    // By equal load.
    for (std::size_t i = list.hosts.size(); i > 1; --i) {
        std::swap(list.hosts[i - 1], list.hosts[static_cast<std::size_t>(random.below(i))]);
    }
    return list;
}

// Whether the name itself is a proved alias of a zone that is not signed. Unknown where the answer
// is bogus or fails: `finding` says so then.
net::Task<bool> is_secure_alias(Context& context, std::string name, TlsaFinding& finding)
{
    const auto answer = co_await context.adapters.resolver.alias(
        context.adapters.core, std::move(name), context.within(kDnsTime));
    if (answer.status == DnsStatus::Failed) {
        finding.status = TlsaStatus::Failed;
        finding.why = answer.why;
    }
    co_return answer.status == DnsStatus::Found&& answer.security == DnsSecurity::Secure;
}

// One base domain. False: the next one is to be asked.
bool take(const facts::TlsaAnswer& answer, const std::string& base, TlsaFinding& finding)
{
    if (answer.status == DnsStatus::Failed) {
        finding.status = TlsaStatus::Failed;
        finding.why = answer.why;
        return true;
    }
    // An alias of a TLSA name may lead out of what is signed.
    if (answer.security != DnsSecurity::Secure) return false;
    finding.status = TlsaStatus::Absent;
    if (answer.status != DnsStatus::Found) return false;
    facts::TlsaSet set;
    set.base = base;
    finding.records = answer.records;
    set.records = tls::usable_records(answer.records);
    finding.status = set.records.empty() ? TlsaStatus::Unusable : TlsaStatus::Usable;
    if (!set.records.empty()) {
        finding.set = std::make_shared<const facts::TlsaSet>(std::move(set));
    }
    return true;
}

}  // namespace

std::vector<Host> hosts_of(const routing::Route& route)
{
    std::vector<Host> hosts;
    for (const auto& hop : route.hosts) {
        Host host;
        host.protocol = hop.protocol;
        host.name = hop.host;
        host.address = hop.address;
        host.unix_path = hop.unix_path;
        host.port = hop.port;
        host.source = routing::TargetSource::Configured;
        host.kind = policy::hop_kind(hop);
        hosts.push_back(std::move(host));
    }
    return hosts;
}

std::string Host::label() const
{
    if (!unix_path.empty()) return unix_path;
    return address ? "[" + address->format() + "]" : name;
}

net::Task<Result<HostList, Outcome>> find_hosts(Context& context, const routing::Route& route)
{
    auto& core = context.adapters.core;
    if (!route.is_mx()) co_return configured_hosts(route, core.random());
    const auto port = context.settings->options.port;
    if (route.literal) co_return literal_host(route, port);
    const auto answer =
        co_await context.adapters.resolver.mx(core, route.domain, context.within(kDnsTime));
    auto ordered =
        routing::order_hosts(route.domain, answer, context.settings->own_names, core.random());
    if (!ordered) co_return failure(std::move(ordered.error()));
    HostList list;
    list.mx = {route.domain, answer.canonical_name, answer.security};
    for (auto& mx : *ordered) {
        Host host;
        host.name = std::move(mx.name);
        host.implicit = mx.implicit;
        host.port = port;
        list.hosts.push_back(std::move(host));
    }
    co_return list;
}

// RFC 6761 §6.3.
std::vector<IpAddress> known_addresses(const Host& host)
{
    if (host.address) return {*host.address};
    if (host.kind != policy::HopKind::Loopback) return {};
    return {*IpAddress::parse("::1"), *IpAddress::parse("127.0.0.1")};
}

std::vector<IpAddress> interleave(const std::vector<IpAddress>& addresses)
{
    std::vector<IpAddress> v6;
    std::vector<IpAddress> v4;
    for (const auto& address : addresses) (address.is_v6() ? v6 : v4).push_back(address);
    std::vector<IpAddress> result;
    for (std::size_t i = 0; i < std::max(v6.size(), v4.size()); ++i) {
        if (i < v6.size()) result.push_back(v6[i]);
        if (i < v4.size()) result.push_back(v4[i]);
    }
    return result;
}

net::Task<Result<HostAddresses, Outcome>> find_addresses(Context& context, Host host)
{
    if (auto known = known_addresses(host); !known.empty())
        co_return HostAddresses{std::move(known), facts::DnsSecurity::Insecure, {}};
    const auto answer = co_await context.adapters.resolver.addresses(
        context.adapters.core, host.name, context.within(kDnsTime));
    if (answer.status == DnsStatus::Failed) {
        co_return failure(facts::local_outcome(
            Reason::DnsFailed,
            fmt::format("the addresses of {} could not be looked up ({})", host.name, answer.why)));
    }
    if (answer.addresses.empty()) {
        auto outcome =
            facts::local_outcome(Reason::DnsNoAddress, fmt::format("{} has no address", host.name));
        if (host.implicit) facts::set_status(outcome, {5, 1, 2});
        // A name of our own configuration: all mail that goes this way would be returned for a
        // mistake that an administrator can repair.
        if (host.source == routing::TargetSource::Configured)
            facts::set_status(outcome, {4, 4, 312});
        co_return failure(std::move(outcome));
    }
    HostAddresses found{interleave(answer.addresses), answer.security, answer.canonical_name};
    if (!answer.missing.empty()) {
        found.missing = facts::local_outcome(
            Reason::DnsFailed, fmt::format("some addresses of {} could not be looked up ({})",
                                           host.name, answer.missing));
    }
    co_return std::move(found);
}

std::vector<std::string> tlsa_bases(const Host& host, const HostAddresses& addresses,
                                    bool secure_alias)
{
    const std::string own = to_lower(host.name);
    if (own.empty()) return {};
    if (addresses.security != DnsSecurity::Secure) {
        return secure_alias ? std::vector{own} : std::vector<std::string>{};
    }
    std::vector<std::string> bases;
    if (!addresses.canonical_name.empty()) bases.push_back(addresses.canonical_name);
    if (bases.empty() || bases.front() != own) bases.push_back(own);
    return bases;
}

std::vector<std::string> tlsa_names(const std::string& base, const Host& host, const MxFacts& mx)
{
    std::vector<std::string> names;
    const auto add = [&](const std::string& text) {
        const std::string name = to_lower(text);
        const bool known = name == base || std::ranges::find(names, name) != names.end();
        if (!name.empty() && !known) names.push_back(name);
    };
    // Who is named by nobody but us, or is the domain itself.
    if (host.source == routing::TargetSource::Configured || host.implicit) add(host.name);
    if (!host.implicit && mx.security == DnsSecurity::Secure) {
        add(mx.domain);
        add(mx.canonical_domain);
    }
    return names;
}

net::Task<TlsaFinding> find_tlsa(Context& context, Host host, HostAddresses addresses, MxFacts mx)
{
    TlsaFinding finding;
    bool secure_alias = false;
    const bool insecure = addresses.security != DnsSecurity::Secure;
    const bool moved =
        !addresses.canonical_name.empty() && addresses.canonical_name != to_lower(host.name);
    if (insecure && moved && !host.name.empty()) {
        secure_alias = co_await is_secure_alias(context, host.name, finding);
        if (finding.status == TlsaStatus::Failed) co_return finding;
    }
    const auto bases = tlsa_bases(host, addresses, secure_alias);
    for (const std::string& base : bases) {
        std::string name = fmt::format("_{}._tcp.{}", host.port, base);
        if (name.size() > kMaxName) {
            finding.status = TlsaStatus::Absent;  // there can be no such name
            continue;
        }
        const auto answer = co_await context.adapters.resolver.tlsa(
            context.adapters.core, std::move(name), context.within(kDnsTime));
        if (take(answer, base, finding)) break;
    }
    if (finding.set != nullptr) {
        facts::TlsaSet named = *finding.set;
        named.names = tlsa_names(named.base, host, mx);
        finding.set = std::make_shared<const facts::TlsaSet>(std::move(named));
    }
    co_return finding;
}

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

}  // namespace hermetic::outbound
