// A peer's reply, or our own finding in its place, as the outcome of an attempt. Pure.
//
// Specification §6.1. The ids are those of docs/policy/delivery.md.
#pragma once

#include "facts/attempt.h"
#include "smtp/reply_reader.h"

#include <string>
#include <string_view>

namespace hermetic::smtp {

// What the peer's reply means at `stage`: delivered, deferred or failed by its first digit; reason
// "<stage>.deferred" or "<stage>.refused"; the peer's words unchanged, the first 4096 octets of
// them.
[[nodiscard]] facts::Outcome outcome_of_reply(facts::Stage stage, const PeerReply& reply);

// A decision or finding of ours. The class and the code (450 or 550) follow from the status.
[[nodiscard]] facts::Outcome local_outcome(facts::Stage stage, facts::EnhancedStatus enhanced,
                                           std::string_view reason, std::string text);

}  // namespace hermetic::smtp
