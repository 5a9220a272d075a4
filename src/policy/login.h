// Whether a password may go to a host. Pure. Specification §3.1: never where enforcing would have
// refused the host, and only where the policy proves whose it is.
#pragma once

#include "policy/tls_policy.h"

#include <optional>

namespace hermetic::policy {

// `policy`: what the connector asks for, also where it is only audited. In clear: never.
[[nodiscard]] bool may_log_in(const TlsPolicy& policy,
                              const std::optional<facts::TlsEvidence>& evidence);

}  // namespace hermetic::policy
