// What the ratchet holds a route's destination to (specification §4.4), as delivery asks for it.
//
// On the environment's core. Without observations nothing is held. A probe from the command line's
// process has what the server has kept in its file, if its organization's ratchet enforces.
#pragma once

#include "policy/ratchet.h"
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
    std::optional<policy::Hold> held;
};
// `hosts`: all of one route. Notes nothing.
[[nodiscard]] Expected find_expectation(const Environment& env, const Subject& subject,
                                        const std::vector<HostFindings>& hosts);

// Into a step about mail that is held, if it goes under a policy that has what the ratchet expects
// (Flow::by_ratchet): to what, and what to do where it failed. Pure.
void say_expectation(const Expected& expected, const Flow& flow, Step& step);

}  // namespace hermetic::validation
