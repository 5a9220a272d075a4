// Where a message would go now: host by host until one would take it. Connects, sends nothing.
//
// Specification §3.2 (`hermetic explain --live`). Coroutine of the environment's core.
#pragma once

#include "net/task.h"
#include "validation/contexts.h"
#include "validation/conversation.h"
#include "validation/step.h"
#include "validation/subject.h"

#include <string>

namespace hermetic::validation {

struct RouteCheck {
    std::string host;  // that would be used
    std::string address;
    Flow flow;           // there; where mail would not go: why, of the host whose failure decides
    std::string policy;  // that holds there: its digest
};

// The first route of the subject.
[[nodiscard]] net::Task<RouteCheck> check_route(const Environment& env,
                                                std::shared_ptr<const tls::CaSet> system_cas,
                                                Subject subject, Sink sink);

}  // namespace hermetic::validation
