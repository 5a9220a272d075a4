// Where a recipient's mail goes: the route, its key, and the ordered hosts.
//
// Pure. Specification §3.2; RFC 5321 §5.1; RFC 7505 (null MX).
#pragma once

#include "core/ip.h"
#include "core/random.h"
#include "core/result.h"
#include "facts/attempt.h"
#include "facts/dns.h"
#include "mail/address.h"
#include "objects/snapshot.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::routing {

struct Route {
    // All recipients with the same key share queue, connections and transaction. "mx:example.org",
    // "mx:[192.0.2.1]" (an address literal), "hosts:smtp://relay.example.org:25,…"; with a
    // connector "…;connector=NAME", so that what connectors protect differently is never shared;
    // so with an accepted domain that has TLS settings of its own, "…;accepted_domain=NAME"; of
    // another than the first organization "…;organization=NAME".
    std::string key;
    bool mx = true;
    std::string domain;                       // for mx: the domain, or "[literal]"
    std::vector<objects::NextHopHost> hosts;  // for hosts
    facts::Reason reason{};                   // of docs/policy/delivery.md, "Route"
    std::string source;     // name of the domain or connector; empty for the default
    std::string connector;  // the outbound connector's name, where one decided
    // The accepted domain whose TLS settings for its next hop count, by name; empty: it has none.
    std::string accepted_domain;
    std::string organization;  // whose settings count; empty: the connector's, else the first's
};

// `organization`: that of the mail, by name; it counts where the recipient's domain is nobody's.
[[nodiscard]] Route decide_route(const objects::Snapshot& snapshot, std::string_view organization,
                                 const mail::Mailbox& recipient);

// A route back from its key, as the queue kept it; nullopt where the key is not one of ours.
[[nodiscard]] std::optional<Route> parse_route_key(std::string_view key);

// The address of a Route::domain such as "[192.0.2.1]" or "[IPv6:2001:db8::1]"; nullopt for a name.
[[nodiscard]] std::optional<IpAddress> literal_of(std::string_view domain);

// The hosts of an MX route in the order in which they are to be tried: by preference, equal ones
// shuffled (RFC 5321 §5.1); without MX records the domain itself. Or why there is none: Dns stage,
// 5.1.10 (null MX), 5.1.2 (no such domain), 4.4.312 (lookup failed), 5.4.4 (no record names a
// host), 5.4.6 (only ourselves left: hosts at and above our own preference are dropped). At
// most 32.
struct MxHost {
    std::string name;
    std::uint16_t preference = 0;
    bool implicit = false;  // no MX record: the domain's own address
};
[[nodiscard]] Result<std::vector<MxHost>, facts::Outcome> order_hosts(
    const std::string& domain, const facts::MxAnswer& answer,
    const std::vector<std::string>& own_names, Random& random);

}  // namespace hermetic::routing
