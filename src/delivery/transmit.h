// One transaction: what is sent of a message to this peer, and its way over the connection. The
// machine says what, this moves the octets.
#pragma once

#include "core/result.h"
#include "facts/attempt.h"
#include "net/task.h"
#include "outbound/connection.h"
#include "smtp/client_transaction.h"
#include "spool/spool.h"

namespace hermetic::outbound {
class Context;
class PeerWatch;
}  // namespace hermetic::outbound

namespace hermetic::delivery {

// A message whose octets cannot be read: it waits, is seen in the queue, and expires like any
// other.
[[nodiscard]] facts::Outcome unreadable_message();

// The message as this peer takes it: as it is, or made 7-bit for a peer that needs it so. Dialect
// and recipients are the caller's to add. Reads the octets only where the peer lacks something that
// the envelope says they may need. `message` and `peer` outlive the result. The outcome: the body
// cannot be read, or there is no room to convert it now. What cannot be converted is passed on with
// its needs: the transaction refuses it.
[[nodiscard]] net::Task<Result<smtp::TransactionInput, facts::Outcome>> make_transaction_input(
    outbound::Context& context, const spool::StoredMessage& message,
    const smtp::Capabilities& peer);

enum class Transmitted : std::uint8_t {
    Done,    // every recipient has an outcome; the connection may go on
    Closed,  // every recipient has an outcome; the connection is of no more use
    Stale,   // a kept connection was dead before anything was said: nothing has an outcome
};

// `stored`: the message's body, read where the transaction has no octets in memory.
[[nodiscard]] net::Task<Transmitted> transmit(outbound::Context& context,
                                              outbound::Connection& connection,
                                              smtp::ClientTransaction& transaction,
                                              const spool::Body& stored,
                                              outbound::PeerWatch& watch);

}  // namespace hermetic::delivery
