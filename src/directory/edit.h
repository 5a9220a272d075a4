// A change of one object's fields, and values as people write them on a command line.
//
// Pure.
#pragma once

#include "directory/object_text.h"

#include <string>
#include <string_view>
#include <vector>

namespace hermetic::directory {

struct Edit {
    std::vector<config::Member> set;
    std::vector<std::string> unset;
};

// The object's text after the edit; `before` is empty for a new one. A string that its field does
// not take is tried as people write other types: `true`, `25`, a TOML value, or a list with commas
// (`a.example, b.example`). What fits no way stays as it is, for the diagnostics.
[[nodiscard]] std::string edited_text(std::string_view kind, const std::string& before,
                                      const Edit& edit);

}  // namespace hermetic::directory
