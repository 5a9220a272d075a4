// How a connection to a next hop must be protected, and why: one decision, with its reasons.
//
// Pure. Specification §4.1 and §4.2; the rows are docs/policy/tls.md. The base is the connector's
// value where set, else the organization's; then rule, DANE, MTA-STS, REQUIRETLS, ratchet and
// retirement only add. Who delivers sees the effective TlsPolicy alone.
#pragma once

#include "facts/dns.h"
#include "facts/reason.h"
#include "facts/tls.h"
#include "objects/objects.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::policy {

using objects::name;
using objects::TlsLevel;
using objects::TlsName;

using facts::Reason;
using facts::TlsaSet;

// The effective policy: everything that bears on one connection. Identity is a set of checks that
// must all pass; `level` is its summary.
struct TlsPolicy {
    TlsLevel level = TlsLevel::Opportunistic;
    facts::TlsVersion min = facts::TlsVersion::Tls12;
    facts::TlsVersion max = facts::TlsVersion::Tls13;
    // The chain must verify against these CAs: a file, or empty for the system's.
    bool chain = false;
    std::string ca{};
    // One of these is in the certificate, where there are any.
    std::vector<TlsName> names{};
    // The name that stands in `names` is the host's own: none is known yet where `names` is empty.
    bool own_name = false;
    // Instead of names: this domain, or any name below it, is (a host that nothing proves to be the
    // domain's).
    std::optional<mail::Domain> domain{};
    // MTA-STS: the certificate must verify against the system's CAs and have this name, too.
    std::optional<TlsName> sts_name{};
    // One of these is the leaf's key, or with `chain` that of a CA in the verified chain, where
    // there are any.
    std::vector<std::string> pins{};
    // One of its records matches, where there is a set.
    std::shared_ptr<const TlsaSet> tlsa{};
    // A host whose handshakes fail gets nothing in clear, though the level would allow it.
    bool clear_after_failure = true;
    // The host must offer REQUIRETLS inside TLS (RFC 8689 §4.2.1).
    bool requiretls = false;
    std::string client_certificate{};  // a certificate object's name; empty: none is shown
    bool check_revocation = true;
    // Weak handshakes, too, before it gives up (specification §4.3, step 3); at `encrypt` alone.
    objects::Compatibility compatibility = objects::Compatibility::Normal;

    // Clear text is never allowed but at these two levels.
    [[nodiscard]] bool allows_clear() const { return level <= TlsLevel::Opportunistic; }
    [[nodiscard]] bool wants_tls() const { return level != TlsLevel::None; }
    // Specification §4.3: handshakes that lack something of today's strength (facts::Weakness) will
    // do where clear text would, or an exception under `encrypt` says so.
    [[nodiscard]] bool takes_weak_handshakes() const
    {
        return allows_clear() ||
               (level == TlsLevel::Encrypt && compatibility == objects::Compatibility::Weak);
    }
    // Whether a certificate is judged at all.
    [[nodiscard]] bool proves_peer() const { return chain || sts_name || tlsa || !pins.empty(); }

    // The whole policy as canonical text: equal texts, equal policies. Connections and TLS sessions
    // are reused only under the same one (specification §4.5).
    [[nodiscard]] std::string digest() const;
    [[nodiscard]] bool operator==(const TlsPolicy& other) const;
};

enum class HopKind : std::uint8_t {
    Network,
    LocalSocket,
    Loopback,  // of our own configuration, by address or as `localhost`
};
// Of a configured host. Whatever DNS leads to is of the network.
[[nodiscard]] HopKind hop_kind(const objects::NextHopHost& host);

// What is known of a host's TLSA records (RFC 7672 §2.2).
enum class TlsaStatus : std::uint8_t {
    NotAsked,  // its addresses are not secure: there is nothing to be believed
    Absent,    // DNSSEC proves that there is none
    Usable,
    Unusable,  // there are, none that we understand
    Failed,    // the lookup failed or was bogus: one may be hidden
};

// What is known of the domain's MTA-STS policy (RFC 8461): no more than facts, fetched elsewhere.
enum class StsMode : std::uint8_t { NoPolicy, None, Testing, Enforce };

// Who is to be reached. `host` is empty for an address, and where it is not known yet.
struct HopFacts {
    HopKind kind = HopKind::Network;
    bool configured = false;    // a next hop by its name, not by MX
    bool implicit_tls = false;  // from the first octet: there is no clear text to fall back to
    std::string host;
    // Of an MX route: the recipients' domain, and how far DNS proves that `host` is its exchanger.
    std::string domain;
    facts::DnsSecurity mx_security = facts::DnsSecurity::Insecure;
    TlsaStatus tlsa_status = TlsaStatus::NotAsked;
    std::shared_ptr<const TlsaSet> tlsa;  // where Usable
    StsMode sts = StsMode::NoPolicy;
    bool sts_lists_host = false;  // some "mx" pattern of the policy matches it
};

using MessageRequests = mail::TlsRequests;

// What a rule asks for (specification §5, "require TLS").
struct RuleTls {
    TlsLevel level = TlsLevel::Encrypt;
    std::vector<TlsName> names;
    facts::TlsVersion min = facts::TlsVersion::None;
    bool operator==(const RuleTls&) const = default;
};

// What a destination has always had, while it is held to it (policy/ratchet.h).
struct Expectation {
    bool tls = false;
    bool verified_name = false;
    facts::TlsVersion min = facts::TlsVersion::None;
};

struct TlsInputs {
    const objects::Organization* organization = nullptr;    // not null
    const objects::OutboundConnector* connector = nullptr;  // null: none decided the route
    // Without a connector: an accepted domain's for its next hop. Null: it has none of its own.
    const objects::TlsSettings* next_hop = nullptr;
    HopFacts hop;
    MessageRequests requests;
    std::optional<RuleTls> rule;
    std::optional<Expectation> ratchet;
    // The peer is in the share of a retirement plan now (policy/retirement.h): the lowest version
    // that is left.
    std::optional<facts::TlsVersion> retired_below;
    bool retirement_over = false;  // the plan has ended: the normal policy holds above that version
    WallTime now{};
};

// One source of the decision: what it asked for, and whether that added anything.
struct TlsSource {
    Reason id{};
    TlsLevel level = TlsLevel::None;
    facts::TlsVersion min = facts::TlsVersion::None;
    bool counted = false;
};

struct TlsDecision {
    TlsPolicy policy;
    std::vector<Reason> reasons;     // in the order in which they counted
    std::vector<TlsSource> sources;  // in the same order
    // Not None: this host must not be used, whatever it does; why.
    Reason skip{};
    // The most that connector, organization, rule, DANE, MTA-STS or the message asked for, where
    // that is `encrypt` or more, and the first of them that did (specification §6.2). Not what our
    // own next hops are held to, nor the ratchet.
    TlsLevel required = TlsLevel::None;
    Reason required_by{};
    // In audit mode, where enforcing would differ: the whole policy that it would have decided, and
    // why it would not have used the host at all (None: it would).
    std::optional<TlsPolicy> audited;
    Reason audited_skip{};
    // Beside an exception that holds, where the connector logs in: what would be asked for without
    // it, and why the host would not be used at all. Logins still need it.
    std::optional<TlsPolicy> lasting{};
    Reason lasting_skip{};
    // What `policy.min` would be without the retirement plan that has raised it.
    std::optional<facts::TlsVersion> min_before_retirement{};
};

[[nodiscard]] TlsDecision decide_tls(const TlsInputs& inputs);

// Why TLS is not even asked for, where the policy is `none`.
[[nodiscard]] Reason why_no_tls(const TlsDecision& decision);

// What is kept of a decision with the message. Nullopt: nothing above `opportunistic` was asked
// for.
[[nodiscard]] std::optional<mail::RequiredTls> required_tls(const TlsDecision& decision);

// Whether a name of a certificate is one that judge_evidence() asks for.
[[nodiscard]] bool is_asked_for(const TlsPolicy& policy, std::string_view dns_name);

// What the handshake showed, measured by the policy.
struct EvidenceVerdict {
    bool passes = false;
    Reason reason{};  // why it fails, or what was found though it passes
};
[[nodiscard]] EvidenceVerdict judge_evidence(const TlsPolicy& policy,
                                             const facts::TlsEvidence& evidence);

// What a certificate shows by itself, whatever is asked for: verified with the name of the host
// that was spoken to, or the first thing that is wrong with it.
[[nodiscard]] Reason judge_certificate(const facts::TlsEvidence& evidence);

// Of an audited policy, for a connection as it is: in clear where there is no evidence.
[[nodiscard]] EvidenceVerdict judge_connection(const TlsPolicy& policy,
                                               const std::optional<facts::TlsEvidence>& evidence);

// The name that a host is asked for in the handshake (SNI): under DANE the TLSA base domain (RFC
// 7672 §2.2.3), else `host`, which is empty for an address: its one exact name where it has one.
// Empty: none is said.
[[nodiscard]] std::string server_name(const TlsDecision& decision, std::string_view host);

// Whether a dNSName of a certificate, such as "mx.example.org" or "*.example.org", is what `name`
// asks for. A wildcard stands for exactly one label (RFC 6125 §6.4.3).
[[nodiscard]] bool matches(const TlsName& name, std::string_view dns_name);

}  // namespace hermetic::policy
