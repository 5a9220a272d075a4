// Objects as texts: what the store keeps, compares and puts together again, whatever their fields.
//
// Pure. A kind is a top-level key of org.toml; a new kind or a new field needs no change here.
#pragma once

#include "config/diagnostic.h"
#include "config/document.h"
#include "core/result.h"
#include "objects/snapshot.h"

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::directory {

inline constexpr std::size_t kMaxNameOctets = 255;
inline constexpr std::string_view kOrganizationKind = "organization";

// What an object is called: one of its kind within its organization. An organization is its own,
// so that its name is what others refer to it by.
struct ObjectKey {
    std::string kind;          // "outbound_connector"
    std::string organization;  // empty for an organization
    std::string name;
    auto operator<=>(const ObjectKey&) const = default;
};
// `outbound_connector "bank"`; names are made printable.
[[nodiscard]] std::string describe(const ObjectKey& key);

// Each text is TOML by itself, "[[outbound_connector]]\nname = …\n", in the order and form of
// objects::format_org_file, and always names its organization.
using Objects = std::map<ObjectKey, std::string>;

// A document that holds together: what is stored, and what decisions are made with.
struct Compiled {
    Objects objects;
    objects::Snapshot::Contents contents;
    config::Diagnostics notes;  // where the form of an earlier version was read: no faults
};

// Reads, validates and checks the objects against each other: the one path of every change. The
// contents stand in the order of keys, and compile(its objects) makes the same of them: a restart
// changes nothing.
[[nodiscard]] Result<Compiled, config::Diagnostics> compile(const config::Node& document,
                                                            const std::string& file);
// From kept texts; diagnostics name objects instead of lines. No objects at all are no fault: a
// new server has none.
[[nodiscard]] Result<Compiled, config::Diagnostics> compile(const Objects& objects);

// All of it as one file that apply takes back unchanged. Empty where there is nothing.
[[nodiscard]] std::string export_text(const objects::Snapshot::Contents& contents);

// The object's fields, in their order: a table. None of a text that compile() has not made.
[[nodiscard]] config::Node fields_of(const std::string& text);

// "[[kind]]\nkey = value\n…" of a table.
[[nodiscard]] std::string format_object(std::string_view kind, const config::Node& fields);
// A value as it stands in a file, on one line.
[[nodiscard]] std::string format_value(const config::Node& value);

}  // namespace hermetic::directory
