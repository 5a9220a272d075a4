// Networks that are too large to be what an administrator means by "ours".
//
// Pure.
#pragma once

#include "core/ip.h"

#include <string>

namespace hermetic::config {

// 0.0.0.0/0 or ::/0.
[[nodiscard]] bool is_everybody(const Network& network);
// Wider than /8 of private IPv4 (RFC 1918 and its like), /19 of public, /32 of IPv6: more than one
// organization's, as a rule.
[[nodiscard]] bool is_wide(const Network& network);
// "203.0.112.0/20 has 4096 addresses"
[[nodiscard]] std::string describe_size(const Network& network);

}  // namespace hermetic::config
