// The first of several faults of a configuration, for a line of the log.
#pragma once

#include "config/diagnostic.h"

#include <string>

namespace hermetic::daemon {

// `diagnostics` is not empty.
[[nodiscard]] std::string first_of(const config::Diagnostics& diagnostics);

}  // namespace hermetic::daemon
