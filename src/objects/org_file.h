// org.toml: the organization's objects as people write them, in and out.
#pragma once

#include "config/diagnostic.h"
#include "config/document.h"
#include "config/option.h"
#include "config/section_reference.h"
#include "core/result.h"
#include "objects/snapshot.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::objects {

// The kinds of objects, as the keys of org.toml.
inline constexpr std::array<std::string_view, 6> kKinds{"organization",      "accepted_domain",
                                                        "inbound_connector", "outbound_connector",
                                                        "certificate",       "retirement"};

// Reads, validates, and checks the objects against each other (specification §1, §3.2). On failure
// every fault that was found.
[[nodiscard]] Result<Snapshot::Contents, config::Diagnostics> read_org_document(
    const config::Node& document, const std::string& file);
// The same; `notes` gets where the form of an earlier version was read, which is no fault.
[[nodiscard]] Result<Snapshot::Contents, config::Diagnostics> read_org_document(
    const config::Node& document, const std::string& file, config::Diagnostics& notes);

// Whether the field of such an object takes the value; of an unknown kind there is no field.
[[nodiscard]] config::FieldFit find_field_fit(std::string_view kind, std::string_view key,
                                              const config::Node& value);

// TOML that read_org_document() takes back unchanged.
[[nodiscard]] std::string format_org_file(const Snapshot::Contents& contents);

// One object as a document of its own, "[[outbound_connector]]\nname = …\norganization = …\n…".
struct FormattedObject {
    std::string kind;
    std::string organization;  // empty of an organization
    std::string name;
    std::string text;
};
// All of contents that read_org_document() made, in its order.
[[nodiscard]] std::vector<FormattedObject> format_org_objects(const Snapshot::Contents& contents);

// The reference of org.toml, from the declarations; and as Markdown.
[[nodiscard]] std::vector<config::SectionReference> org_reference();
[[nodiscard]] std::string format_org_reference();

}  // namespace hermetic::objects
