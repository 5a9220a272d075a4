// The sources of a TLS decision in words for administrators. Pure.
#pragma once

#include <string_view>

namespace hermetic::cli {

// What a source of policy/tls_policy.h is, by its id; the id itself where it has no words.
[[nodiscard]] std::string_view describe_source(std::string_view id);

}  // namespace hermetic::cli
