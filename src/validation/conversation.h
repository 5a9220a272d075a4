// One connection to one address: connect, greeting, EHLO, STARTTLS with one context, EHLO again.
//
// Judges nothing. Like delivery's dial, but it has its own short times and needs no spool: it also
// runs in the command line's process.
#pragma once

#include "dns/resolver.h"
#include "net/stream.h"
#include "net/task.h"
#include "outbound/settings.h"
#include "validation/contexts.h"
#include "validation/findings.h"

#include <memory>
#include <string>

namespace hermetic::inbound {
class BounceWatch;
}
namespace hermetic::observations {
class Observations;
}

namespace hermetic::validation {

// How long a probe may take. The partner is not to be kept busy, nor the administrator waiting.
struct Patience {
    Duration connect = std::chrono::seconds{10};
    Duration reply = std::chrono::seconds{15};
    Duration handshake = std::chrono::seconds{10};
    Duration dns = std::chrono::seconds{15};
    Duration all = std::chrono::minutes{3};
};

// Outlives what is done with it.
struct Environment {
    net::Core& core;
    dns::Resolver& resolver;
    outbound::SettingsPointer settings;
    Patience patience;
    Instant until = Instant::max();                      // nothing lasts beyond it
    observations::Observations* observations = nullptr;  // null: the ratchet holds nothing
    inbound::BounceWatch* bounces = nullptr;             // null: nobody can wait for one
    [[nodiscard]] Instant within(Duration duration) const;
};

struct CallRequest {
    outbound::Host host;
    Endpoint endpoint;
    Handshaking handshaking;  // without a context: in clear, whatever is offered
    std::string server_name;  // policy::server_name()
    // Where there is a set, the handshake judges the chain by it.
    std::shared_ptr<const policy::TlsaSet> tlsa;
};

struct Call {
    Seen seen;
    std::unique_ptr<net::Stream> stream;  // where Ready or NotOffered: nothing was sent yet
};

// Ends by `env.until` at the latest.
[[nodiscard]] net::Task<Call> call(const Environment& env, CallRequest request);

// QUIT, without waiting for its reply; closes.
void hang_up(Call& call);

}  // namespace hermetic::validation
