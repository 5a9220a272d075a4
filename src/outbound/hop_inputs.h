// What is known of a host and of a route, as inputs of the TLS decision: the same for mail and for
// probes, which send none.
#pragma once

#include "objects/snapshot.h"
#include "outbound/hosts.h"
#include "outbound/sts_policies.h"
#include "policy/tls_demand.h"
#include "policy/tls_policy.h"
#include "routing/route.h"

#include <optional>

namespace hermetic::outbound {

// Without TLSA records. Specification §4.7: a smart host is its own policy domain of MTA-STS.
// `policies` may be null: nothing is known.
[[nodiscard]] policy::HopFacts hop_facts(const Host& host, const MxFacts& mx,
                                         const StsPolicies* policies);

// Of a transaction on `route` whose message asks for `message`. Points into `snapshot`; nullopt: it
// lacks what the route names (policy/route_inputs.h). The ratchet's part is NextHopClient's.
[[nodiscard]] std::optional<policy::TlsDemand> make_demand(const objects::Snapshot& snapshot,
                                                           const routing::Route& route,
                                                           policy::MessageDemand message);

}  // namespace hermetic::outbound
