// What objects ask of the node that no file says alone.
//
// Pure. Specification §2.3: a connector with certificate names needs a listener that asks for
// certificates, or they could never count.
#pragma once

#include "config/diagnostic.h"
#include "config/node_options.h"
#include "objects/snapshot.h"

#include <string>

namespace hermetic::objects {

// `file` is where the objects come from, for people.
[[nodiscard]] config::Diagnostics validate_for_node(const Snapshot::Contents& contents,
                                                    const config::NodeOptions& options,
                                                    const std::string& file);

}  // namespace hermetic::objects
