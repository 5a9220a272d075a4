// Every option of hermetic.toml, and the reader of that file.
#pragma once

#include "config/diagnostic.h"
#include "config/document.h"
#include "config/node_options.h"
#include "config/section_reference.h"
#include "core/result.h"

#include <string>
#include <vector>

namespace hermetic::config {

// Reads and validates. Relative paths are taken from the file's folder. On failure: every fault
// that was found, not only the first.
[[nodiscard]] Result<NodeOptions, Diagnostics> load_node_options(const std::string& file);

// The same for a document in memory; `file` names it in diagnostics and anchors relative paths.
[[nodiscard]] Result<NodeOptions, Diagnostics> read_node_options(const Node& document,
                                                                 const std::string& file);

// What `is` says and `next` does not: "limits.sessions", "listener submission", "listener mx.tls".
// By name: which of two listeners stands first makes no difference.
[[nodiscard]] std::vector<std::string> find_lost_keys(const NodeOptions& is,
                                                      const NodeOptions& next);

// The control socket that the file names, also where the rest of it is at fault: those who mend it
// want to ask the server that still runs with the old one. Empty where it cannot be told.
[[nodiscard]] std::string find_admin_socket(const std::string& file);

// The reference of hermetic.toml, from the declarations; and as Markdown.
[[nodiscard]] std::vector<SectionReference> node_reference();
[[nodiscard]] std::string format_node_reference();

}  // namespace hermetic::config
