// How a connection to a next hop must be protected, and why: one decision, with its reasons.
//
// Pure. Specification §4.1 and §4.2; the rows are docs/policy/tls.md. Sources today: the
// organization, the connector, a local socket. Rules, DANE, MTA-STS, REQUIRETLS and the ratchet are
// further inputs that only add. Who delivers sees the effective TlsPolicy alone.
#pragma once

#include "facts/dns.h"
#include "facts/tls.h"
#include "objects/objects.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::policy {

using objects::name;
using objects::TlsLevel;
using objects::TlsName;

// The effective policy: everything that bears on one connection.
struct TlsPolicy {
    TlsLevel level = TlsLevel::Opportunistic;
    facts::TlsVersion min = facts::TlsVersion::Tls12;
    facts::TlsVersion max = facts::TlsVersion::Tls13;
    // One of these is in the certificate (verify_name; never empty there).
    std::vector<TlsName> names{};
    // Instead of names: this domain, or any name below it, is (a host that nothing proves to be the
    // domain's).
    std::optional<mail::Domain> domain{};
    // One of these is the leaf's key, where there are any.
    std::vector<std::string> pins{};

    // Clear text is never allowed but at these two levels.
    [[nodiscard]] bool allows_clear() const { return level <= TlsLevel::Opportunistic; }
    [[nodiscard]] bool wants_tls() const { return level != TlsLevel::None; }

    // The whole policy as canonical text: equal texts, equal policies. Connections and TLS sessions
    // are reused only under the same one (specification §4.5).
    [[nodiscard]] std::string digest() const;
    bool operator==(const TlsPolicy&) const = default;
};

enum class HopKind : std::uint8_t { Network, LocalSocket };

// Who is to be reached. `host` is empty for an address.
struct HopFacts {
    HopKind kind = HopKind::Network;
    bool configured = false;  // a next hop by its name, not by MX
    std::string host;
    // Of an MX route: the recipients' domain, and how far DNS proves that `host` is its exchanger.
    std::string domain;
    facts::DnsSecurity mx_security = facts::DnsSecurity::Insecure;
};

struct TlsInputs {
    const objects::Organization* organization = nullptr;    // not null
    const objects::OutboundConnector* connector = nullptr;  // null: none decided the route
    HopFacts hop;
    WallTime now{};
};

struct TlsDecision {
    TlsPolicy policy;
    std::vector<std::string_view> reasons;  // dotted ids, in the order in which they counted
    // In audit mode: what enforcing would have asked for.
    std::optional<TlsPolicy> audited;
};

[[nodiscard]] TlsDecision decide_tls(const TlsInputs& inputs);

// What the handshake showed, measured by the policy.
struct EvidenceVerdict {
    bool passes = false;
    std::string_view reason;  // dotted id: why it fails, or what was found though it passes
};
[[nodiscard]] EvidenceVerdict judge_evidence(const TlsPolicy& policy,
                                             const facts::TlsEvidence& evidence);

// Of an audited policy, for a connection as it is: in clear where there is no evidence.
[[nodiscard]] EvidenceVerdict judge_connection(const TlsPolicy& policy,
                                               const std::optional<facts::TlsEvidence>& evidence);

// Whether a dNSName of a certificate, such as "mx.example.org" or "*.example.org", is what `name`
// asks for. A wildcard stands for exactly one label (RFC 6125 §6.4.3).
[[nodiscard]] bool matches(const TlsName& name, std::string_view dns_name);

}  // namespace hermetic::policy
