#include "routing/target_address.h"

#include <algorithm>

namespace hermetic::routing {
namespace {

// 0.0.0.0/8 ("this network"), 240.0.0.0/4 (reserved) and broadcast: RFC 6890 §2.2.2.
bool is_nobodys(const IpAddress& address)
{
    if (address.is_unspecified()) return true;
    if (address.is_v6()) return false;
    const auto first = static_cast<unsigned char>(address.octets()[0]);
    return first == 0 || first >= 240;
}

}  // namespace

std::optional<std::string_view> refuse_target(const Endpoint& target, TargetSource source,
                                              const TargetRules& rules)
{
    if (std::find(rules.own.begin(), rules.own.end(), target) != rules.own.end()) {
        return "route.target-ourselves";
    }
    const auto& address = target.address;
    if (is_nobodys(address)) return "route.target-unspecified";
    if (address.is_multicast()) return "route.target-multicast";
    if (source == TargetSource::Configured) return std::nullopt;
    if (address.is_loopback() && !rules.allow_loopback) return "route.target-loopback";
    if (address.is_private() && !rules.allow_private) return "route.target-private";
    return std::nullopt;
}

std::string_view describe_refused_target(std::string_view id)
{
    if (id == "route.target-ourselves") return "the address is this server's own";
    if (id == "route.target-unspecified") return "the address belongs to nobody";
    if (id == "route.target-multicast") return "the address is a multicast address";
    if (id == "route.target-loopback") return "the address is a loopback address";
    if (id == "route.target-private")
        return "the address is a private one (delivery.allow_private)";
    return "the address is refused";
}

}  // namespace hermetic::routing
