// The ways in which a session refuses for reasons of policy, limits and storage.
//
// docs/policy/receiving.md has one row for each; the machine's own are smtp/refusals.h.
#pragma once

#include "smtp/reply.h"

namespace hermetic::inbound::refusal {

using Kind = smtp::RefusalKind;

// clang-format off
inline constexpr Kind kUnknownRecipient{"recipient.unknown", 550, {5, 1, 1}, "no such recipient here"};
inline constexpr Kind kRelayDenied{"recipient.relay-denied", 550, {5, 7, 64}, "relaying denied: the domain is not ours, and no connector admits your address"};
inline constexpr Kind kNoPostmaster{"recipient.no-postmaster", 550, {5, 1, 1}, "no postmaster is configured here"};

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
