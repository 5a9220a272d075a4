// A peer's reply as the outcome of an attempt. Pure.
//
// Specification §6.1.
#pragma once

#include "facts/attempt.h"
#include "smtp/reply_reader.h"

namespace hermetic::smtp {

// What the peer's reply means at `stage`: delivered, deferred or failed by its first digit, and the
// reason that goes with it; the peer's words unchanged, the first 4096 octets of them.
[[nodiscard]] facts::Outcome outcome_of_reply(facts::Stage stage, const PeerReply& reply);

}  // namespace hermetic::smtp
