// What became of the mail where no host could be used: a finding of policy/next_hop.h as an
// outcome, with code and words. Pure. Specification §6.1.
#pragma once

#include "core/time.h"
#include "facts/attempt.h"
#include "policy/next_hop.h"

#include <string_view>

namespace hermetic::outbound {

struct HopContext {
    std::string_view host;  // for people
    const policy::TlsDecision& decision;
    WallTime now{};
};

[[nodiscard]] facts::Outcome outcome_of(const policy::HopFailure& failure,
                                        const HopContext& context);

}  // namespace hermetic::outbound
