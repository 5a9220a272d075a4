// How many file descriptors the system allows, and what that leaves for sessions and deliveries.
//
// Sessions come first to a machine that is flooded, and must not take what stored mail, deliveries
// and the administrator need: what is above the share of each is not used, and said at start.
#pragma once

#include "config/diagnostic.h"
#include "config/document.h"
#include "config/node_options.h"

#include <cstdint>
#include <string>

namespace hermetic::daemon {

// Raises the soft limit to the hard one, and returns it: most machines begin with 1024.
[[nodiscard]] std::uint64_t raise_descriptor_limit();
// What raise_descriptor_limit() would return; changes nothing.
[[nodiscard]] std::uint64_t descriptor_limit();

// Pure. Lowers limits.sessions and delivery.connections to what fits into `descriptors`; a warning
// for each that was lowered.
void fit_descriptors(std::uint64_t descriptors, const config::Node& document,
                     const std::string& file, config::NodeOptions& options,
                     config::Diagnostics& warnings);

}  // namespace hermetic::daemon
