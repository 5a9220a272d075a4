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
// `snapshot`. Nullopt: the route names a connector or domain that it lacks, and what protects its
// mail is not known.
[[nodiscard]] std::optional<TlsInputs> inputs_of_route(const objects::Snapshot& snapshot,
                                                       const routing::Route& route, WallTime now);

}  // namespace hermetic::policy
