// The certificates by ACME that a node's options name, as its server and `hermetic setup` keep
// them.
//
// Pure.
#pragma once

#include "acme/keeper.h"
#include "config/node_options.h"

#include <vector>

namespace hermetic::acme {

[[nodiscard]] std::vector<Kept> certificates_to_keep(const config::NodeOptions& options);

}  // namespace hermetic::acme
