// What domains publish by MTA-STS, as far as it is known here: facts for the decision (RFC 8461).
//
// Who fetches and keeps policies implements it; outbound/ only asks. Thread-safe, answers at once.
#pragma once

#include "policy/tls_policy.h"

#include <string>

namespace hermetic::outbound {

struct StsFacts {
    policy::StsMode mode = policy::StsMode::NoPolicy;
    bool lists_host = false;  // some "mx" pattern of the policy matches it
};

class StsPolicies {
public:
    virtual ~StsPolicies() = default;
    // `domain`: the recipients', or a smart host's own name (specification §4.7). Both in lower
    // case, without a trailing dot.
    [[nodiscard]] virtual StsFacts of(const std::string& domain, const std::string& host) const = 0;
};

}  // namespace hermetic::outbound
