// What is sent of a message to one peer: its body as it is, or made 7-bit for a peer that needs it
// so.
#pragma once

#include "core/result.h"
#include "facts/attempt.h"
#include "net/task.h"
#include "smtp/client_transaction.h"
#include "spool/spool.h"

#include <memory>
#include <optional>

namespace hermetic::mail {
struct Envelope;
}

namespace hermetic::outbound {
class Context;
}

namespace hermetic::delivery {

struct Payload {
    const spool::Body* body = nullptr;  // the message's, or `converted`
    smtp::ContentNeeds needs;
    std::unique_ptr<const spool::Body> converted;
    std::shared_ptr<void> room;  // what it takes of the memory for conversions
};

// A message whose octets cannot be read: it waits, is seen in the queue, and expires like any
// other.
[[nodiscard]] facts::Outcome unreadable_message();

// Reads the octets only where the peer lacks something that the envelope says they may need.
// `message` and `peer` outlive the result. The outcome: the body cannot be read, or there is no
// room to convert it now. What cannot be converted is passed on with its needs: the transaction
// refuses it.
[[nodiscard]] net::Task<Result<Payload, facts::Outcome>> make_payload(
    outbound::Context& context, const spool::StoredMessage& message,
    const smtp::Capabilities& peer);

}  // namespace hermetic::delivery
