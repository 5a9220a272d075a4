// org.toml: the organization's objects as people write them, in and out.
#pragma once

#include "config/diagnostic.h"
#include "config/document.h"
#include "core/result.h"
#include "objects/snapshot.h"

#include <string>

namespace hermetic::objects {

// Reads, validates, and checks the objects against each other (specification §1, §3.2). On failure
// every fault that was found.
[[nodiscard]] Result<Snapshot::Contents, config::Diagnostics> load_org_file(
    const std::string& file);
[[nodiscard]] Result<Snapshot::Contents, config::Diagnostics> read_org_document(
    const config::Node& document, const std::string& file);

// TOML that load_org_file takes back unchanged.
[[nodiscard]] std::string format_org_file(const Snapshot::Contents& contents);

// The reference of org.toml as Markdown, from the declarations.
[[nodiscard]] std::string format_org_reference();

}  // namespace hermetic::objects
