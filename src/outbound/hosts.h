// The hosts of a route and their addresses, by DNS.
#pragma once

#include "core/result.h"
#include "facts/attempt.h"
#include "facts/dns.h"
#include "net/task.h"
#include "policy/tls_policy.h"
#include "routing/route.h"
#include "routing/target_address.h"

#include <optional>
#include <string>
#include <vector>

namespace hermetic::outbound {

class Context;

struct Host {
    objects::HostProtocol protocol = objects::HostProtocol::Smtp;
    std::string name;  // DNS name; empty for an address or a socket
    std::optional<IpAddress> address;
    std::string unix_path;
    std::uint16_t port = 25;
    bool implicit = false;  // no MX record: the domain itself
    routing::TargetSource source = routing::TargetSource::Dns;
    policy::HopKind kind = policy::HopKind::Network;

    [[nodiscard]] std::string label() const;  // for people: name, "[192.0.2.1]" or the path
};

// Of an MX route: the recipients' domain, as it was written and after CNAMEs, and whether DNSSEC
// proves its MX answer. Empty domains: there was none.
struct MxFacts {
    std::string domain;
    std::string canonical_domain;
    facts::DnsSecurity security = facts::DnsSecurity::Insecure;
};

struct HostList {
    std::vector<Host> hosts;  // not empty; in the order in which they are to be tried
    MxFacts mx;
    std::optional<IpAddress> only{};  // of a probe of one address
};
// The configured hosts of a route, in their order.
[[nodiscard]] std::vector<Host> hosts_of(const routing::Route& route);
// `route` outlives the task.
[[nodiscard]] net::Task<Result<HostList, facts::Outcome>> find_hosts(Context& context,
                                                                     const routing::Route& route);

struct HostAddresses {
    std::vector<IpAddress> addresses;  // not empty; IPv6 and IPv4 by turns
    facts::DnsSecurity security = facts::DnsSecurity::Insecure;
    std::string canonical_name;  // after CNAMEs; empty where DNS was not asked
    // The lookup of IPv6 or of IPv4 failed: there may be more.
    std::optional<facts::Outcome> missing{};
};
[[nodiscard]] net::Task<Result<HostAddresses, facts::Outcome>> find_addresses(Context& context,
                                                                              Host host);

// Those of a host that DNS is not asked for: an address, or `localhost`. Empty: it is to be asked.
[[nodiscard]] std::vector<IpAddress> known_addresses(const Host& host);

// IPv6 and IPv4 by turns, IPv6 first, each in its order.
[[nodiscard]] std::vector<IpAddress> interleave(const std::vector<IpAddress>& addresses);

}  // namespace hermetic::outbound
