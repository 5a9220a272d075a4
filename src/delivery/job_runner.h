// Carries out one grant: its messages, one after the other, over as few connections as possible.
#pragma once

#include "dispatch/grant.h"
#include "net/task.h"

namespace hermetic::report {
class NoticeLimit;
}

namespace hermetic::outbound {
class Context;
class PeerWatch;
}  // namespace hermetic::outbound

namespace hermetic::delivery {

// Every message is recorded in the spool, or is among the report's untouched ones. `context`,
// `limit` and `watch` outlive the task.
[[nodiscard]] net::Task<dispatch::GrantReport> carry_out(outbound::Context& context,
                                                         report::NoticeLimit& limit,
                                                         outbound::PeerWatch& watch,
                                                         dispatch::Grant grant);

}  // namespace hermetic::delivery
