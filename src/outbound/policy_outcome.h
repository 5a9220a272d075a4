// What the TLS policy refuses, as outcomes. Pure.
//
// Specification §6.1; the codes 4.7.321 to 4.7.325 are those of RFC 8460's result types.
#pragma once

#include "core/time.h"
#include "facts/attempt.h"
#include "facts/tls.h"
#include "policy/tls_policy.h"

#include <optional>
#include <string_view>

namespace hermetic::outbound {

// A host that must not be used (TlsDecision::skip). `why`: what DNS said, where it failed.
[[nodiscard]] facts::Outcome skipped_outcome(facts::Reason reason, std::string_view host,
                                             std::string_view why);

// A handshake whose evidence does not pass `policy` (EvidenceVerdict::reason): the words have what
// was seen and what is asked for.
[[nodiscard]] facts::Outcome unproved_outcome(facts::Reason reason, std::string_view host,
                                              const policy::TlsPolicy& policy,
                                              const facts::TlsEvidence& evidence, WallTime now);

// No STARTTLS where TLS is required. `reason` is the ladder's.
[[nodiscard]] facts::Outcome not_offered_outcome(facts::Reason reason,
                                                 const policy::TlsPolicy& policy);

// A session that ended before its first transaction with `said`: what becomes of the mail. A
// refusal by somebody who is not proved to be the peer is no more than temporary, and ours
// (policy/refusal.h); so is STARTTLS refused where TLS is required. `tls`: of the connection, where
// a handshake was completed.
[[nodiscard]] facts::Outcome session_outcome(facts::Outcome said, const policy::TlsPolicy& policy,
                                             const std::optional<facts::TlsEvidence>& tls,
                                             std::string_view host, WallTime now);

}  // namespace hermetic::outbound
