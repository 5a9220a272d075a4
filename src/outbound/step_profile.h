// What a step of the ladder means to TLS: the same for mail and for probes, which send none.
#pragma once

#include "policy/ladder.h"
#include "tls/context.h"

#include <memory>

namespace hermetic::outbound {

// `certificate`: ours, for mutual TLS; null: none. On the weak step it is not shown (specification
// §4.1).
[[nodiscard]] tls::ClientProfile profile_of(const policy::StepPlan& plan,
                                            std::shared_ptr<const tls::Certificate> certificate);

}  // namespace hermetic::outbound
