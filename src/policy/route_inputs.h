// What a route says of the TLS decision: whose settings count for it.
//
// Pure. Delivery, validation and explain begin with it; what is a host's is added by them.
#pragma once

#include "objects/snapshot.h"
#include "policy/tls_policy.h"
#include "routing/route.h"

#include <optional>

namespace hermetic::policy {

// Organization, connector, and the settings of an accepted domain's next hop. They point into
// `snapshot`. Nullopt: the route names a connector or domain that it lacks, or no host, and what
// protects its mail is not known.
[[nodiscard]] std::optional<TlsInputs> inputs_of_route(const objects::Snapshot& snapshot,
                                                       const routing::Route& route, WallTime now);

// What a route asks for whatever its hosts show: connector, organization, an accepted domain's next
// hop; not DANE or MTA-STS, which nobody has asked for yet.
struct RouteProtection {
    bool local = false;                           // its mail never leaves this machine
    TlsLevel weakest = TlsLevel::None;            // every host over the network is held to so much
    std::optional<mail::RequiredTls> required{};  // the most that is asked for at any of them

    bool operator==(const RouteProtection&) const = default;
};
// Nullopt as above.
[[nodiscard]] std::optional<RouteProtection> protection_of_route(const objects::Snapshot& snapshot,
                                                                 const routing::Route& route,
                                                                 WallTime now);

}  // namespace hermetic::policy
