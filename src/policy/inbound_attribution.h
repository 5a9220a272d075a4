// Which on_premises connectors evidence speaks for, and which of them grants.
//
// Pure. Specification §2.3: evidence, not claims, grants. In each organization one connector claims
// the client: by certificate name first, then by network, the most specific, of equal networks one
// that asks for no certificate; where the client does not meet that connector's own conditions
// nothing is granted, and no other takes its place. `listeners` narrow: elsewhere it claims nobody.
// MAIL FROM and RCPT TO choose only among what evidence admitted. The rows are
// docs/policy/receiving.md.
#pragma once

#include "facts/reason.h"
#include "mail/address.h"
#include "objects/snapshot.h"
#include "policy/inbound_evidence.h"

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::policy {

// A test that the session failed.
struct InboundFault {
    facts::Reason reason{};
    const objects::InboundConnector* connector = nullptr;  // null: the organization asks for it
    std::string presented;                                 // for the reply; escaped and bounded
    std::string wanted;                                    // for the log only
};

// What a connector of either kind asks of a session beside its match: TLS, version, certificate,
// network. nullopt: all is met.
[[nodiscard]] std::optional<InboundFault> find_fault(const objects::InboundConnector& connector,
                                                     const objects::Organization& organization,
                                                     const ClientEvidence& evidence);

// Whether the connector has an exception now that takes the version of the session, and the session
// is one of its by certificate or network: its sender's address is no evidence.
[[nodiscard]] bool is_excepted(const objects::InboundConnector& connector,
                               const ClientEvidence& evidence);

// One organization's on_premises connector that evidence speaks for.
struct Admission {
    enum class By : std::uint8_t { Certificate, Network };
    const objects::InboundConnector* connector = nullptr;  // not null
    By by = By::Network;
    std::string evidence;               // "mx.example.org", "192.0.2.0/24"
    int weight = 0;                     // specificity among those by the same evidence
    std::optional<InboundFault> fault;  // set: it does not grant

    [[nodiscard]] bool grants() const { return !fault; }
    [[nodiscard]] facts::Reason reason() const;
    // "attribution.certificate mx.example.org": for the log.
    [[nodiscard]] std::string because() const;
};

// Refers to the snapshot and lives no longer.
struct Attribution {
    std::vector<Admission> claims;  // at most one of each organization, the strongest first
    // Those that would grant if their CAs could be read, the strongest first. They grant nothing,
    // but what they would have let in is refused temporarily.
    std::vector<Admission> unjudged;
    // Partners' connectors that the client's certificate or network is one of.
    std::vector<const objects::InboundConnector*> partners;
    // Those that its certificate may be one of: it has a name of theirs, and their CAs cannot be
    // read now.
    std::vector<const objects::InboundConnector*> unjudged_partners;

    // The one of this organization that grants; null: none.
    [[nodiscard]] const Admission* of(std::string_view organization) const;
    // The strongest of this organization that cannot be judged now; null: none.
    [[nodiscard]] const Admission* unjudged_of(std::string_view organization) const;
};

[[nodiscard]] Attribution attribute(const objects::Snapshot& snapshot,
                                    const ClientEvidence& evidence);

// Under which admission mail of this sender counts: the sender's own organization's where that is
// among them, else the strongest. Null: nobody grants.
[[nodiscard]] const Admission* choose_admission(const objects::Snapshot& snapshot,
                                                const Attribution& attribution,
                                                const mail::ReversePath& sender);
// The same among those that may relay. Without any: `fault` is what the best of those that could
// has found, where there is one, and first of those that cannot be judged now.
struct RelayRight {
    const Admission* admission = nullptr;
    const InboundFault* fault = nullptr;
};
[[nodiscard]] RelayRight find_relay_right(const objects::Snapshot& snapshot,
                                          const Attribution& attribution,
                                          const mail::ReversePath& sender);

}  // namespace hermetic::policy
