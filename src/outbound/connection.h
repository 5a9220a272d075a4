// One connection to a next hop, ready for transactions, and what is known about it.
//
// Lives on one core.
#pragma once

#include "core/ids.h"
#include "core/ip.h"
#include "core/time.h"
#include "facts/attempt.h"
#include "facts/dns.h"
#include "facts/reason.h"
#include "facts/tls.h"
#include "net/stream.h"
#include "smtp/client_session.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::outbound {

struct Connection {
    enum class Kept : std::uint8_t { No, Yes };

    std::unique_ptr<net::Stream> stream;
    smtp::Dialect dialect = smtp::Dialect::Smtp;
    smtp::Capabilities capabilities;
    std::optional<facts::TlsEvidence> tls;   // nullopt: in clear
    facts::Reason verdict{};                 // what the evidence proved; None in clear
    std::vector<facts::Reason> audit;        // what an audited policy says of it
    std::optional<facts::AttemptStep> step;  // of the ladder, that made it; told with its first use
    std::string host;                        // name, "[address]" or path, for people
    Endpoint endpoint;                       // of the peer; 0.0.0.0:0 for a Unix socket
    facts::DnsSecurity address_security = facts::DnsSecurity::Insecure;
    SessionId session;
    std::string policy_key;      // all that it was made under (specification §4.5)
    Kept kept = Kept::Yes;       // for other grants under the same key
    std::uint32_t messages = 0;  // transactions begun
    bool reset_due = false;      // the last one left an open transaction
    bool reusable = true;
    Instant idle_until{};
    // Counts the live connections to the endpoint while it exists.
    std::shared_ptr<void> live;
    // While a grant has it: the grant's watch checks the stream (peer_watch.h). Ends before it.
    std::shared_ptr<void> watched;
};

using ConnectionPointer = std::unique_ptr<Connection>;

}  // namespace hermetic::outbound
