// One attempt below policy, which an operator has approved for one message.
//
// Pure. Specification §6; the row is docs/policy/notices.md, "What an operator approves".
#pragma once

#include "policy/tls_policy.h"

namespace hermetic::policy {

// REQUIRETLS is its sender's to lift, no operator's (RFC 8689 §4.2).
[[nodiscard]] bool may_be_approved(const MessageRequests& requests);

// As if the organization asked for `opportunistic` and nobody for more: no connector, rule, DANE,
// MTA-STS, ratchet or retirement counts. What shows or sends a secret of ours goes with the
// connector. With REQUIRETLS it is the decision as ever.
[[nodiscard]] TlsDecision decide_approved(const TlsInputs& inputs);

}  // namespace hermetic::policy
