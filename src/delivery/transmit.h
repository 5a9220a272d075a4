// Carries one transaction over a connection: the machine says what, this moves the octets.
#pragma once

#include "net/task.h"
#include "outbound/connection.h"
#include "smtp/client_transaction.h"
#include "spool/spool.h"

namespace hermetic::outbound {
class Context;
class PeerWatch;
}  // namespace hermetic::outbound

namespace hermetic::delivery {

enum class Transmitted : std::uint8_t {
    Done,    // every recipient has an outcome; the connection may go on
    Closed,  // every recipient has an outcome; the connection is of no more use
    Stale,   // a kept connection was dead before anything was said: nothing has an outcome
};

[[nodiscard]] net::Task<Transmitted> transmit(outbound::Context& context,
                                              outbound::Connection& connection,
                                              smtp::ClientTransaction& transaction,
                                              const spool::Body& body, outbound::PeerWatch& watch);

}  // namespace hermetic::delivery
