#include "routing/target_address.h"

#include "facts/reasons.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace hermetic::routing {
namespace {

using facts::Reason;

// 0.0.0.0/8 ("this network"), 240.0.0.0/4 (reserved) and broadcast: RFC 6890 §2.2.2.
bool is_nobodys(const IpAddress& address)
{
    if (address.is_unspecified()) return true;
    if (address.is_v6()) return false;
    const auto first = static_cast<unsigned char>(address.octets()[0]);
    return first == 0 || first >= 240;
}

bool within(const IpAddress& address, const char* block)
{
    return Network::parse(block)->contains(address);
}

IpAddress embedded(const IpAddress& address, const std::array<std::size_t, 4>& at)
{
    const auto octet = [&](std::size_t i) {
        return static_cast<std::uint8_t>(address.octets()[at[i]]);
    };
    return IpAddress::v4({octet(0), octet(1), octet(2), octet(3)});
}

// Where a packet to it ends in the end: IPv6 addresses that carry an IPv4 address count as that
// one.
IpAddress end_of(const IpAddress& address)
{
    if (!address.is_v6() || address.is_unspecified() || address.is_loopback()) return address;
    // NAT64: RFC 6052 §2.2, and the local prefix of RFC 8215, /48 of the same form.
    if (within(address, "64:ff9b::/96")) return embedded(address, {12, 13, 14, 15});
    if (within(address, "64:ff9b:1::/48")) return embedded(address, {6, 7, 9, 10});
    if (within(address, "2002::/16")) return embedded(address, {2, 3, 4, 5});  // 6to4, RFC 3056 §2
    if (within(address, "::/96")) return embedded(address, {12, 13, 14, 15});  // RFC 4291 §2.5.5.1
    return address;
}

}  // namespace

std::optional<Reason> refuse_target(const Endpoint& target, TargetSource source,
                                    const TargetRules& rules)
{
    const IpAddress address = end_of(target.address);
    const auto is_own = [&](const Endpoint& own) {
        return own == target || own == Endpoint{address, target.port};
    };
    if (std::any_of(rules.own.begin(), rules.own.end(), is_own))
        return Reason::RouteTargetOurselves;
    if (is_nobodys(address)) return Reason::RouteTargetUnspecified;
    if (address.is_multicast()) return Reason::RouteTargetMulticast;
    if (source == TargetSource::Configured) return std::nullopt;
    if (address.is_loopback() && !rules.allow_loopback) return Reason::RouteTargetLoopback;
    if (address.is_private() && !rules.allow_private) return Reason::RouteTargetPrivate;
    return std::nullopt;
}

}  // namespace hermetic::routing
