// The ways in which a session refuses for reasons of policy, limits and storage.
//
// docs/policy/receiving.md has one row for each; the machine's own are smtp/refusals.h.
#pragma once

#include "policy/inbound_attribution.h"
#include "smtp/reply.h"

namespace hermetic::inbound::refusal {

using Kind = smtp::RefusalKind;

// clang-format off
inline constexpr Kind kUnknownRecipient{"recipient.unknown", 550, {5, 1, 1}, "no such recipient here"};
inline constexpr Kind kRelayDenied{"recipient.relay-denied", 550, {5, 7, 64}, "relaying denied: the domain is not ours, and no connector admits you"};
inline constexpr Kind kNoOrganization{"recipient.no-organization", 450, {4, 3, 5}, "this server has no organization yet; its administrator has to apply one"};
inline constexpr Kind kNoPostmaster{"recipient.no-postmaster", 550, {5, 1, 1}, "no postmaster is configured here"};

inline constexpr Kind kTlsRequired{policy::inbound_reason::kTlsRequired, 530, {5, 7, 0}, "the connector requires TLS; say STARTTLS first"};
inline constexpr Kind kConnectorVersion{policy::inbound_reason::kTlsVersion, 550, {5, 7, 51}, "the version of TLS is too old for the connector"};
inline constexpr Kind kConnectorCertificate{policy::inbound_reason::kCertificate, 550, {5, 7, 51}, "the connector requires another client certificate"};
inline constexpr Kind kConnectorNetwork{policy::inbound_reason::kNetwork, 550, {5, 7, 51}, "the connector requires that the mail comes from another network"};
inline constexpr Kind kConnectorCas{policy::inbound_reason::kCasUnavailable, 451, {4, 3, 5}, "the connector's CAs cannot be read now, so that no client certificate can be judged; try again later"};
inline constexpr Kind kOrganizationVersion{policy::inbound_reason::kOrganizationVersion, 550, {5, 7, 51}, "the version of TLS is too old for the recipient's organization"};
inline constexpr Kind kOwnDomain{policy::inbound_reason::kOwnDomain, 550, {5, 7, 68}, "the sender's domain is the recipient's own, and no connector admits you"};
inline constexpr Kind kRetirementShare{policy::inbound_reason::kRetirementShare, 421, {4, 7, 66}, "this version of TLS is being retired here; use a later one; closing"};
inline constexpr Kind kRetirementEnded{policy::inbound_reason::kRetirementEnded, 421, {4, 7, 66}, "this version of TLS has been retired here; use a later one; closing"};
inline constexpr Kind kNotOfLegacyNetworks{"listener.not-your-network", 554, {5, 7, 0}, "this listener takes old versions of TLS from named networks only; use another address or port of this host"};

inline constexpr Kind kDiskFull{"pressure.disk-full", 452, {4, 3, 1}, "not enough disk space; try again later"};
inline constexpr Kind kDiskFailing{"pressure.disk-failing", 452, {4, 3, 1}, "the disk does not take messages now; try again later"};
inline constexpr Kind kQueueFull{"pressure.queue-full", 452, {4, 3, 1}, "the queue is full; try again later"};
inline constexpr Kind kMemoryFull{"pressure.memory-full", 452, {4, 3, 1}, "too much mail is arriving at once; try again later"};
inline constexpr Kind kStoreFailed{"store.failed", 451, {4, 3, 0}, "the message could not be written; try again later"};

inline constexpr Kind kTooManySessions{"limit.sessions", 421, {4, 7, 0}, "limit of sessions reached; try again later"};
inline constexpr Kind kTooManyOfClient{"limit.sessions-per-client", 421, {4, 7, 0}, "limit of sessions from your address reached; close others first"};
inline constexpr Kind kTooManyConnectionsOfClient{"limit.connections-per-client", 421, {4, 7, 0}, "limit of connections per minute from your address reached; try again later"};
inline constexpr Kind kTooManyMessagesOfClient{"limit.messages-per-client", 450, {4, 7, 0}, "limit of messages per minute from your address reached; try again later"};
// clang-format on

}  // namespace hermetic::inbound::refusal
