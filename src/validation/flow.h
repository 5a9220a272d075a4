// Whether mail would flow to an address under a policy: the ladder climbed there, nothing sent.
//
// The steps are policy/ladder.h's, as delivery takes them (specification §4.3).
#pragma once

#include "net/task.h"
#include "validation/contexts.h"
#include "validation/conversation.h"

namespace hermetic::validation {

struct Climb {
    Flow flow;
    Call call;  // where it flows: ready for a transaction
};

// One that the decision says to skip is not connected to, nor is one where the policy names what
// cannot be had (Identity::missing). Nobody is logged in.
[[nodiscard]] net::Task<Climb> climb(const Environment& env, const HostFindings& host,
                                     Endpoint endpoint, const policy::TlsDecision& decision,
                                     const outbound::Identity& identity);

// The last resort, when every host's handshakes failed; nullopt where there is none.
[[nodiscard]] std::optional<Flow> last_resort(const policy::TlsPolicy& policy,
                                              const std::vector<policy::HostSummary>& hosts);

}  // namespace hermetic::validation
