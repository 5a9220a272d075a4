// What one option alone cannot know: combinations of options that are impossible.
#pragma once

#include "config/diagnostic.h"
#include "config/document.h"
#include "config/node_options.h"

#include <string>

namespace hermetic::config {

// Appends a diagnostic for each fault; the document gives their lines.
void validate_node_options(const NodeOptions& options, const Node& document,
                           const std::string& file, Diagnostics& diagnostics);

// What is possible and hardly meant: no faults.
void find_node_warnings(const NodeOptions& options, const Node& document, const std::string& file,
                        Diagnostics& warnings);

}  // namespace hermetic::config
