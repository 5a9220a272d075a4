// What a change changes: objects, and their fields.
//
// Pure.
#pragma once

#include "directory/object_text.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::directory {

enum class ChangeKind : std::uint8_t { Added, Changed, Removed };
[[nodiscard]] std::string_view name(ChangeKind kind);  // "added"

struct ObjectChange {
    ChangeKind kind = ChangeKind::Added;
    ObjectKey key;
    std::string before;  // texts; empty where there is none
    std::string after;
    bool operator==(const ObjectChange&) const = default;
};
using Changes = std::vector<ObjectChange>;

// In the order of keys.
[[nodiscard]] Changes compare(const Objects& before, const Objects& after);

struct FieldChange {
    std::string key;
    std::string before;  // as in a file; empty: not set
    std::string after;
    bool operator==(const FieldChange&) const = default;
};

// Of an added object all fields, of a removed one as well.
[[nodiscard]] std::vector<FieldChange> changed_fields(const ObjectChange& change);

}  // namespace hermetic::directory
