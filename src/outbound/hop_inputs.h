// What MTA-STS and the retirement plans say of one host, as inputs of the decision: the same for
// mail and for who looks without sending any.
#pragma once

#include "objects/objects.h"
#include "outbound/sts_policies.h"
#include "policy/tls_policy.h"

#include <span>
#include <string_view>

namespace hermetic::outbound {

// Specification §4.7: a smart host is its own policy domain. `policies` may be null: nothing is
// known.
void add_sts(policy::HopFacts& hop, const StsPolicies* policies);

// Specification §4.6, for the organization and at the time of `inputs`. `host`: its label
// (hosts.h).
void add_retirement(policy::TlsInputs& inputs, std::span<const objects::Retirement> plans,
                    std::string_view host);

}  // namespace hermetic::outbound
