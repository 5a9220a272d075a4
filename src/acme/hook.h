// What uacme runs for each challenge: this program itself, told so by a variable of its
// environment.
//
//   PROGRAM begin|done|failed http-01|tls-alpn-01|dns-01 IDENTIFIER TOKEN AUTHORIZATION
#pragma once

#include <span>
#include <string>

namespace hermetic::acme {

// Its value is the folder of the challenges.
inline constexpr const char* kHookVariable = "HERMETIC_ACME_CHALLENGES";

// The exit code: 0 accepts a challenge, anything else declines it. `arguments` are those behind the
// program's name.
[[nodiscard]] int run_hook(const std::string& folder, std::span<const std::string> arguments);

}  // namespace hermetic::acme
