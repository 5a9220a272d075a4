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

// What the host must prove before it is told a password: in audit mode what enforcing would have
// decided, beside an exception what lasts.
[[nodiscard]] const TlsPolicy& login_policy(const TlsDecision& decision);

// None: it may be told. Else what keeps the password back: what is wrong with the host where that
// is known, else that nothing proves it (auth.withheld). In clear: never.
[[nodiscard]] Reason why_no_login(const TlsDecision& decision, Credentials credentials,
                                  const std::optional<facts::TlsEvidence>& evidence);

}  // namespace hermetic::policy
