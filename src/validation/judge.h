// What would pass at each level of protection, from what an address showed. Pure.
//
// Specification §4.1. Each level stands alone, with the floor of TLS 1.2, without pins or names of
// a connector: what a connector makes of it is validate.h's.
#pragma once

#include "validation/findings.h"

#include <string>
#include <vector>

namespace hermetic::validation {

struct LevelVerdict {
    policy::TlsLevel level = policy::TlsLevel::None;
    bool passes = false;
    bool in_clear = false;  // passes, but not in TLS
    facts::Reason reason{};
    std::string words{};  // printable: the reason's, with what was seen
};

// All levels, weakest first.
[[nodiscard]] std::vector<LevelVerdict> judge_levels(const HostFindings& host,
                                                     const AddressFindings& address, WallTime now);

}  // namespace hermetic::validation
