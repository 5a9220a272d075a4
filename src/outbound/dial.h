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
#include "policy/next_hop_facts.h"

#include <cstdint>
#include <optional>
#include <string>

namespace hermetic::outbound {

class Context;
class PeerWatch;

struct DialRequest {
    Host host;
    Endpoint endpoint;                           // not for a Unix socket
    std::optional<policy::StepPlan> plan;        // nullopt: in clear, whatever is offered
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

// Of a port that is closed to one connection more while others are served.
enum class Crowded : std::uint8_t { No, Yes };
// As selection is told of it; the connection stays in `result`, its outcome does not.
[[nodiscard]] policy::ConnectionFacts take_facts(DialResult& result, Crowded crowded);

[[nodiscard]] net::Task<DialResult> dial(Context& context, DialRequest request);

}  // namespace hermetic::outbound
