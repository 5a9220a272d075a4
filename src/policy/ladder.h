// The ladder: what to try next at a host after a handshake failed, and when clear text is allowed.
//
// Pure. Specification §4.3; the rows are docs/policy/tls.md. Each step is tried on a fresh
// connection and recorded with its result.
#pragma once

#include "facts/attempt.h"
#include "facts/tls.h"
#include "policy/tls_policy.h"

#include <cstdint>
#include <optional>
#include <span>

namespace hermetic::policy {

using StepKind = facts::AttemptStep::Kind;

enum class Hello : std::uint8_t {
    Full,     // everything the library has
    Minimal,  // no ticket, one classical group
};

// How to shake hands.
struct StepPlan {
    StepKind kind = StepKind::Everything;
    facts::TlsVersion min = facts::TlsVersion::Tls12;
    facts::TlsVersion max = facts::TlsVersion::Tls13;
    Hello hello = Hello::Full;
    bool fallback_scsv = false;   // RFC 7507
    bool weak = false;            // signatures, groups and no RFC 5746 (facts::Weakness)
    bool legacy_ciphers = false;  // and key sizes that today's defaults refuse
    bool operator==(const StepPlan&) const = default;
};

// What a step of this kind means under this policy; nullopt where the policy has no room for it.
[[nodiscard]] std::optional<StepPlan> plan_step(const TlsPolicy& policy, StepKind kind);

enum class StepResult : std::uint8_t {
    NotOffered,       // EHLO's reply had no STARTTLS
    Refused,          // STARTTLS was answered by a refusal, or by closing the connection
    HandshakeFailed,  // `failure` says how
};

struct TriedStep {
    StepKind kind = StepKind::Everything;
    StepResult result = StepResult::HandshakeFailed;
    std::optional<facts::TlsFailure> failure;
};

struct HostStep {
    enum class What : std::uint8_t {
        Try,    // `plan`, on a fresh connection
        Clear,  // the host offers no TLS and none is required: this connection as it is
        NextHost,
    };
    What what = What::NextHost;
    StepPlan plan;  // for Try
    Reason reason{};
};

// The next step at a host where these steps failed so far, oldest first; `remembered` is the step
// that worked there before. Only for policies that want TLS.
[[nodiscard]] HostStep next_at_host(const TlsPolicy& policy, std::span<const TriedStep> tried,
                                    std::optional<StepKind> remembered);

// A host after next_at_host() has said NextHost, or one that could not be used at all.
struct HostSummary {
    bool no_host = false;  // it has no address that may be connected to: nobody can answer there
    bool handshake_failed = false;        // or STARTTLS was refused
    bool inappropriate_fallback = false;  // the host can do better than it was asked: RFC 7507
    // Its own policy lets it have mail in clear after failed handshakes.
    bool may_be_clear = true;
    // The lookup of some of its addresses failed: of those nothing is known.
    bool part_unresolved = false;
    // More addresses than an attempt tries, and of one that was left out it is not known that its
    // TLS fails.
    bool left_untried = false;
};

[[nodiscard]] HostSummary summarize(const TlsPolicy& policy, std::span<const TriedStep> tried);

// Whether the last failure is a retirement plan's doing (TlsDecision::min_before_retirement): the
// host has none of the versions that were offered, and the plan has taken away older ones.
[[nodiscard]] bool failed_by_retirement(const TlsDecision& decision,
                                        std::span<const TriedStep> tried);

struct LastStep {
    bool clear = false;  // a fresh connection in clear to the hosts whose handshakes failed
    Reason reason{};
};
// When no host is left.
[[nodiscard]] LastStep after_last_host(const TlsPolicy& policy, std::span<const HostSummary> hosts);

}  // namespace hermetic::policy
