// How a connection to a next hop must be protected, and why: one decision, with its reasons.
//
// Pure. Specification §4.1 and §4.2; the rows are docs/policy/tls.md. Today the only sources are
// the organization's base level and a local socket; connectors, rules, DANE, MTA-STS, REQUIRETLS
// and the ratchet are further inputs that only add. Who delivers sees the effective TlsPolicy
// alone.
#pragma once

#include "facts/tls.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::policy {

// Weakest first.
enum class TlsLevel : std::uint8_t {
    None,           // never STARTTLS
    Opportunistic,  // TLS if it can be had, any certificate, else clear
    Encrypt,        // TLS, any certificate
    VerifyCa,       // and a chain that verifies
    VerifyName,     // and a name
};
[[nodiscard]] std::string_view name(TlsLevel level);  // "opportunistic"

// The effective policy: everything that bears on one connection.
struct TlsPolicy {
    TlsLevel level = TlsLevel::Opportunistic;
    facts::TlsVersion min = facts::TlsVersion::Tls12;
    facts::TlsVersion max = facts::TlsVersion::Tls13;

    // Clear text is never allowed but at these two levels.
    [[nodiscard]] bool allows_clear() const { return level <= TlsLevel::Opportunistic; }
    [[nodiscard]] bool wants_tls() const { return level != TlsLevel::None; }

    // The whole policy as canonical text: equal texts, equal policies. Connections and TLS sessions
    // are reused only under the same one (specification §4.5).
    [[nodiscard]] std::string digest() const;
    bool operator==(const TlsPolicy&) const = default;
};

enum class HopKind : std::uint8_t { Network, LocalSocket };

struct TlsInputs {
    TlsLevel base = TlsLevel::Opportunistic;  // the organization's
    facts::TlsVersion min = facts::TlsVersion::Tls12;
    facts::TlsVersion max = facts::TlsVersion::Tls13;
    HopKind hop = HopKind::Network;
};

struct TlsDecision {
    TlsPolicy policy;
    std::vector<std::string_view> reasons;  // dotted ids, weakest first; the last one decided
};

[[nodiscard]] TlsDecision decide_tls(const TlsInputs& inputs);

// What the handshake showed, measured by the policy.
struct EvidenceVerdict {
    bool passes = false;
    std::string_view reason;  // dotted id: why it fails, or what was found though it passes
};
[[nodiscard]] EvidenceVerdict judge_evidence(const TlsPolicy& policy,
                                             const facts::TlsEvidence& evidence);

}  // namespace hermetic::policy
