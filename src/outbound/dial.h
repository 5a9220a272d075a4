// One connection to one address, in one way: connect, greeting, EHLO, and one TLS handshake or
// none.
//
// Judges nothing: the ladder (policy/ladder.h) decides what an end means and what comes next.
#pragma once

#include "facts/attempt.h"
#include "net/task.h"
#include "outbound/connection.h"
#include "outbound/hosts.h"
#include "outbound/identity.h"
#include "outbound/opening.h"
#include "policy/ladder.h"

#include <optional>
#include <string>

namespace hermetic::outbound {

class Office;
class PeerWatch;

struct DialRequest {
    Host host;
    Endpoint endpoint;                           // not for a Unix socket
    std::optional<policy::RungPlan> plan;        // nullopt: in clear, whatever is offered
    Identity identity;                           // where there is a plan
    std::string server_name;                     // policy::server_name()
    std::shared_ptr<const facts::TlsaSet> tlsa;  // the host's; null: none
    std::string reuse_key;
    PeerWatch* watch = nullptr;  // the grant's; null: nobody watches
};

struct DialResult : Opened {
    ConnectionPointer connection;  // where usable; what the handshake showed is in it
    bool unreachable = false;      // nobody answered there: a dead endpoint
    bool refused_connect = false;  // by a closed port
};

[[nodiscard]] net::Task<DialResult> dial(Office& office, DialRequest request);

}  // namespace hermetic::outbound
