// What the ratchet holds a route's destination to (specification §4.4), as delivery asks for it.
//
// On the environment's core. Without observations nothing is held: a probe from the command line's
// process has none.
#pragma once

#include "policy/tls_policy.h"
#include "validation/conversation.h"
#include "validation/findings.h"
#include "validation/step.h"
#include "validation/subject.h"

#include <optional>
#include <string>
#include <vector>

namespace hermetic::validation {

struct Expected {
    std::string destination;
    std::optional<policy::Expectation> held;
};
// `hosts`: all of one route. Notes nothing.
[[nodiscard]] Expected find_expectation(const Environment& env, const Subject& subject,
                                        const std::vector<HostFindings>& hosts);

// Into the step Policy of a host that is held: to what, and what to do where it failed. Pure.
void say_expectation(const Expected& expected, Step& step);

}  // namespace hermetic::validation
