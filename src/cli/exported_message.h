// An envelope as JSON, for people and scripts that go on with a message that was exported. Pure.
#pragma once

#include "spool/salvage.h"

#include <string>

namespace hermetic::cli {

// One object, a member to a line.
[[nodiscard]] std::string format_exported(const spool::SalvagedMessage& message);

}  // namespace hermetic::cli
