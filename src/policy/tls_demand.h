// What a transaction demands of its next hop: what its route says, whose settings count for it, and
// what its message asks for; and the one function that makes the inputs of its TLS decision. For
// delivery, connector test and explain alike; what is a host's is added by them.
//
// Pure. A demand belongs to a transaction: the organization and the connector of its route as they
// are in the snapshot in force at its MAIL, what the message and the rules ask for, an approval.
#pragma once

#include "mail/envelope.h"
#include "objects/snapshot.h"
#include "policy/tls_policy.h"
#include "routing/route.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace hermetic::policy {

// An operator has approved that this message goes below its policy now (policy/approval.h).
enum class Approved : std::uint8_t { No, Yes };

// What the message of a transaction asks for, apart from its route. Messages of one destination may
// ask for different things: they share a selection, and a connection, only where this is equal.
struct MessageDemand {
    MessageRequests requests{};
    std::optional<RuleTls> rule{};
    Approved approved = Approved::No;
    bool operator==(const MessageDemand&) const = default;
};

// Of a message with this envelope. A notice that gives nothing back carries REQUIRETLS to a host
// that takes it, and is not lost where none does (RFC 8689 §5).
[[nodiscard]] MessageRequests requests_of(const mail::Envelope& envelope);

// Points into the snapshot that it was made from, which outlives it.
struct TlsDemand {
    const objects::Organization* organization = nullptr;    // not null
    const objects::OutboundConnector* connector = nullptr;  // null: none decided the route
    // Without a connector: an accepted domain's for its next hop. Null: it has none of its own.
    const objects::TlsSettings* next_hop = nullptr;
    std::span<const objects::Retirement> retirements{};
    std::optional<Expectation> ratchet{};  // of the route's destination
    MessageDemand message{};
};

// Of a transaction on `route` whose message asks for `message`. Points into `snapshot`; nullopt: it
// lacks what the route names. The ratchet's part is the caller's to add.
[[nodiscard]] std::optional<TlsDemand> make_demand(const objects::Snapshot& snapshot,
                                                   const routing::Route& route,
                                                   MessageDemand message);

// `label`: the host for people, by which a retirement plan counts it; empty where it is not known
// yet: no plan counts.
[[nodiscard]] TlsInputs make_tls_inputs(const TlsDemand& demand, const HopFacts& hop,
                                        std::string_view label, WallTime now);

[[nodiscard]] TlsDecision decide_tls(const TlsDemand& demand, const HopFacts& hop,
                                     std::string_view label, WallTime now);

// Organization, connector, and the settings of an accepted domain's next hop. They point into
// `snapshot`. Nullopt: the route names a connector or domain that it lacks, or no host, and what
// protects its mail is not known.
[[nodiscard]] std::optional<TlsInputs> inputs_of_route(const objects::Snapshot& snapshot,
                                                       const routing::Route& route, WallTime now);

// What a route asks for whatever its hosts show: connector, organization, an accepted domain's next
// hop; not DANE or MTA-STS, which nobody has asked for yet.
struct RouteProtection {
    bool local = false;                           // its mail never leaves this machine
    TlsLevel weakest = TlsLevel::None;            // every host over the network is held to so much
    std::optional<mail::RequiredTls> required{};  // the most that is asked for at any of them

    bool operator==(const RouteProtection&) const = default;
};
// Nullopt as above.
[[nodiscard]] std::optional<RouteProtection> protection_of_route(const objects::Snapshot& snapshot,
                                                                 const routing::Route& route,
                                                                 WallTime now);

}  // namespace hermetic::policy
