// Whether a password may go to a host. Pure. Specification §3.1: never where enforcing would have
// refused the host, and only where the policy proves whose it is.
#pragma once

#include "policy/tls_policy.h"

#include <cstdint>
#include <optional>

namespace hermetic::policy {

// What the decision names in files: CAs, CRLs, the client certificate. Without one of them
// enforcing would not even connect.
enum class Credentials : std::uint8_t { Complete, Missing };

// In audit mode it is what enforcing would have decided that counts, beside an exception what
// lasts. In clear: never.
[[nodiscard]] bool may_log_in(const TlsDecision& decision, Credentials credentials,
                              const std::optional<facts::TlsEvidence>& evidence);

}  // namespace hermetic::policy
