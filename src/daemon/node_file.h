// hermetic.toml read and held against this machine: by `serve`, a reload and `check` alike.
//
// Blocking (small files); writes nothing. What it says holds for the user who runs it.
#pragma once

#include "config/diagnostic.h"
#include "config/document.h"
#include "config/node_options.h"
#include "core/result.h"

#include <string>

namespace hermetic::daemon {

struct NodeFile {
    std::string file;
    config::Node document;        // for the lines of what is found wrong later
    config::NodeOptions options;  // as far as the machine's limits let them
    config::Diagnostics warnings;
};

// Reads, validates, and looks for what the options name: folders, the control sockets' places. On
// failure: every fault.
[[nodiscard]] Result<NodeFile, config::Diagnostics> load_node_file(const std::string& file);

// Pure but for looking at files: what of the options cannot be had here.
void find_missing(const config::NodeOptions& options, const config::Node& document,
                  const std::string& file, config::Diagnostics& diagnostics);

// What a start would refuse of what earlier ones have left in the data directory: the file of
// paused destinations, the spool; and of the trust anchors, with which the resolver is made. Reads
// alone; what a running server has open is not judged.
[[nodiscard]] config::Diagnostics find_unfit_data(const NodeFile& node);

// What a start may have to do without: the root's trust anchors, or addresses of listeners.
[[nodiscard]] config::Diagnostics find_start_warnings(const NodeFile& node);

}  // namespace hermetic::daemon
