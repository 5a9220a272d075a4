// Whether an address that DNS gave may be connected to: not ours, not loopback, not nobody's.
//
// Pure. Specification §2.2 ("MX targets … that lead back to ourselves or to loopback are refused").
// A recipient domain's owner chooses these addresses, so they are foreign input: without this an MX
// record could make the server speak to its own inside (server-side request forgery).
#pragma once

#include "core/ip.h"
#include "facts/reason.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace hermetic::routing {

// Who named the target.
enum class TargetSource : std::uint8_t {
    Dns,         // an MX record, an address of a recipient domain, an address literal
    Configured,  // a next hop or smart host of ours: only a loop back to ourselves is refused
};

struct TargetRules {
    bool allow_loopback = false;
    bool allow_private = false;
    std::vector<Endpoint> own;  // where our listeners can be reached; wildcards resolved
};

// What speaks against it; nullopt: go ahead.
[[nodiscard]] std::optional<facts::Reason> refuse_target(const Endpoint& target,
                                                         TargetSource source,
                                                         const TargetRules& rules);

}  // namespace hermetic::routing
