// Member names that an object of a JSON text has twice. Pure.
//
// Boost.JSON keeps the last value of such a name: what a client wrote first would be ignored, and
// nobody would hear of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hermetic::admin {

// The first repeated name, in an object at any depth; nullopt: there is none, or the text is no
// JSON.
[[nodiscard]] std::optional<std::string> find_repeated_key(std::string_view text);

}  // namespace hermetic::admin
