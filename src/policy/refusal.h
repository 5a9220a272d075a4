// Whether what a host refuses before the first transaction is believed to be its own. Pure.
//
// Specification §4.3: until the peer is proved to the level that the policy asks for, anybody in
// between may have said it, and no mail is returned for that.
#pragma once

#include "policy/tls_policy.h"

#include <optional>

namespace hermetic::policy {

// `evidence`: of the connection on which it was said; nullopt in clear.
[[nodiscard]] bool speaks_for_itself(const TlsPolicy& policy,
                                     const std::optional<facts::TlsEvidence>& evidence);

}  // namespace hermetic::policy
