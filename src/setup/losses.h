// What a person's file says and setup cannot write: replacing the file would throw it away.
//
// Pure. Setup knows a part of each file (wanted.h). What it makes of a file that is there is
// written as it would be, read as the server reads it, and compared with the file as a whole.
#pragma once

#include "config/node_options.h"
#include "objects/snapshot.h"

#include <string>
#include <vector>

namespace hermetic::setup {

// Objects and keys: "listener submission", "limits.sessions", "outbound_connector smart host",
// "inbound_connector our servers.require_certificate". `file` and `organization_file` as
// format_node_file() would have them.
[[nodiscard]] std::vector<std::string> find_losses(const config::NodeOptions& options,
                                                   const std::string& file,
                                                   const std::string& organization_file);
[[nodiscard]] std::vector<std::string> find_losses(const objects::Snapshot::Contents& contents,
                                                   const std::string& file);

}  // namespace hermetic::setup
