// What a host's outcome for a recipient means beside those of the other hosts of the route.
//
// Pure. RFC 5321 §5.1; docs/policy/delivery.md, "Another host".
#pragma once

#include "facts/attempt.h"

#include <cstdint>

namespace hermetic::delivery {

enum class NextHost : std::uint8_t {
    No,
    MayTakeIt,  // in this attempt: the message cannot have been taken
};
enum class Counts : std::uint8_t {
    Before,  // what is known of the recipient already stays its outcome
    Now,
};

struct HostVerdict {
    NextHost next = NextHost::No;
    Counts counts = Counts::Now;
    bool operator==(const HostVerdict&) const = default;
};

// `before`: the recipient's outcome in this attempt so far; null: none.
[[nodiscard]] HostVerdict judge_host(const facts::Outcome* before, const facts::Outcome& now);

}  // namespace hermetic::delivery
