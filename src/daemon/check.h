// `hermetic check`: builds what `serve` builds, by the same code, and puts nothing in force.
//
// Writes nothing: what a first start would make is made in memory. Ports are not opened; of the
// spool all is judged that a start judges before it reads the messages
// (spool::find_opening_fault()).
#pragma once

#include "cli/commands.h"
#include "config/diagnostic.h"

#include <string>

namespace hermetic::daemon {

// Prints every fault; or that all is in order, with warnings. The exit code.
[[nodiscard]] int check(const std::string& config, cli::Output output);
// The faults alone; empty: a server would start.
[[nodiscard]] config::Diagnostics find_faults(const std::string& config);

}  // namespace hermetic::daemon
