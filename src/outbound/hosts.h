// What DNS tells of a route before its policy is decided: its hosts, their addresses, and the TLSA
// records of a host (RFC 7672 §2.2).
//
// What follows from it is policy/tls_policy.h's. Coroutines of the context's core.
#pragma once

#include "core/result.h"
#include "facts/attempt.h"
#include "facts/dns.h"
#include "net/task.h"
#include "policy/tls_policy.h"
#include "routing/route.h"
#include "routing/target_address.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::outbound {

class Context;
class StsPolicies;

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

struct TlsaFinding {
    policy::TlsaStatus status = policy::TlsaStatus::NotAsked;
    std::shared_ptr<const facts::TlsaSet> set;  // where Usable
    std::string why;                            // where Failed: what the resolver said
    std::vector<facts::TlsaRecord> records;     // all of them, where Usable or Unusable
};

[[nodiscard]] net::Task<TlsaFinding> find_tlsa(Context& context, Host host, HostAddresses addresses,
                                               MxFacts mx);

// The TLSA base domains of a host in the order in which they are asked for: its name after CNAMEs
// where its addresses are proved, then its own name. `secure_alias`: its own name is a proved
// alias, though its addresses are not.
[[nodiscard]] std::vector<std::string> tlsa_bases(const Host& host, const HostAddresses& addresses,
                                                  bool secure_alias);

// The names beside the base domain that a DANE-TA certificate may have (RFC 7672 §3.2.2).
[[nodiscard]] std::vector<std::string> tlsa_names(const std::string& base, const Host& host,
                                                  const MxFacts& mx);

// What is known of a host, as the input of its TLS decision: the same for mail and for probes,
// which send none. Without TLSA records. Specification §4.7: a smart host is its own policy domain
// of MTA-STS. `policies` may be null: nothing is known.
[[nodiscard]] policy::HopFacts hop_facts(const Host& host, const MxFacts& mx,
                                         const StsPolicies* policies);

}  // namespace hermetic::outbound
