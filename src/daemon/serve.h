// `hermetic serve`: configuration, node, signals, exit code.
#pragma once

#include "cli/cli.h"

namespace hermetic::daemon {

[[nodiscard]] int serve(const cli::ServeArguments& arguments);

}  // namespace hermetic::daemon
