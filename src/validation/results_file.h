// The last reports in a file below the data directory, so that they survive a restart.
//
// Written whole, by rename; read at start. What cannot be read is as if it were not there: the next
// day brings new results.
#pragma once

#include "core/result.h"
#include "validation/json.h"

#include <string>

namespace hermetic::validation {

// The error is for people. A file that does not exist is empty.
[[nodiscard]] Result<Reports, std::string> load_reports(const std::string& file);
[[nodiscard]] Result<void, std::string> store_reports(const std::string& file,
                                                      const Reports& reports);

}  // namespace hermetic::validation
