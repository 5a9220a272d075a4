// Faults of a configuration as words: one for a line of the log, all for a person.
#pragma once

#include "config/diagnostic.h"

#include <string>

namespace hermetic::events {
class Publisher;
}

namespace hermetic::daemon {

// `diagnostics` is not empty.
[[nodiscard]] std::string first_of(const config::Diagnostics& diagnostics);

// One a line; of very many the first.
[[nodiscard]] std::string all_of(const config::Diagnostics& diagnostics);

// What is no fault, but hardly meant: one event `configuration.warning` each.
void report_warnings(events::Publisher& events, const config::Diagnostics& warnings);

}  // namespace hermetic::daemon
