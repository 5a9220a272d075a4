// The guided test of an inbound connector: waits for the partner's session and says what it did.
//
// Specification §7. Coroutine of the environment's core; what it is told comes from
// inbound/session_watch.h, at the end of each session.
#pragma once

#include "inbound/session_watch.h"
#include "net/task.h"
#include "validation/step.h"

#include <string>

namespace hermetic::net {
class Core;
}

namespace hermetic::validation {

struct GuidedTest {
    objects::OwnedName connector;
    Duration wait{};
};
// Ends with the first session that is one of the connector's, or when the time is over; of others
// it tells in a step each, at most kMaxStrangers. The connector is watched already; not any more at
// the end. Not for the kept results: it is no validation.
inline constexpr std::size_t kMaxStrangers = 5;
[[nodiscard]] net::Task<Report> wait_for_session(net::Core& core, inbound::SessionWatch& watch,
                                                 GuidedTest test, Sink sink);

// What one session did, as steps; the last one is the whole. Pure.
[[nodiscard]] std::vector<Step> say_session(const inbound::SeenSession& seen);

}  // namespace hermetic::validation
