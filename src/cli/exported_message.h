// A message that is exported: its envelope as JSON, for people and scripts that go on with it, and
// its files.
#pragma once

#include "spool/salvage.h"

#include <string>

namespace hermetic::cli {

// One object, a member to a line.
[[nodiscard]] std::string format_exported(const spool::SalvagedMessage& message);

// Writes ID.eml, where the body can be read, and ID.json into the folder; both are on the disk when
// it returns. Empty: it went well; or why not.
[[nodiscard]] std::string write_exported(spool::StoppedSpool& spool,
                                         const spool::SalvagedMessage& message,
                                         const std::string& folder);

}  // namespace hermetic::cli
