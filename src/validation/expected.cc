#include "validation/expected.h"

#include "net/core.h"
#include "outbound/ratchet_watch.h"
#include "policy/ratchet.h"

namespace hermetic::validation {

Expected find_expectation(const Environment& env, const Subject& subject,
                          const std::vector<HostFindings>& hosts)
{
    Expected expected;
    if (hosts.empty()) return expected;
    std::vector<outbound::Host> found;
    for (const auto& each : hosts) found.push_back(each.host);
    expected.destination = outbound::ratchet_destination(hosts.front().domain, found);
    expected.held = outbound::find_hold(env.observations, subject.organization,
                                        expected.destination, env.core.clock().wall());
    return expected;
}

void say_expectation(const Expected& expected, const Flow& flow, Step& step)
{
    if (!expected.held || !flow.by_ratchet) return;
    step.seen += "\nrequired because it always had it: " + policy::describe(*expected.held);
    if (step.state != State::Failed) return;
    step.fix += (step.fix.empty() ? "" : "\n") + ("If the destination is weaker now on purpose, "
                                                  "accept the change: hermetic ratchet accept " +
                                                  expected.destination);
}

}  // namespace hermetic::validation
