#include "outbound/hosts.h"

#include "dns/resolver.h"
#include "facts/reasons.h"
#include "net/core.h"
#include "outbound/context.h"

#include <fmt/format.h>

#include <utility>

namespace hermetic::outbound {
namespace {

using facts::DnsStatus;
using facts::Outcome;
using facts::Reason;

// The resolver has its own limit; this one also ends questions that nobody answers at all.
constexpr std::chrono::seconds kDnsTime{30};

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

}  // namespace hermetic::outbound
