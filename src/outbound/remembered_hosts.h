// What the cores remember of hosts, for people: who could not be reached a moment ago, and which
// step of the TLS ladder worked where the first did not. Values only.
#pragma once

#include "core/time.h"

#include <string>
#include <vector>

namespace hermetic::outbound {

struct RememberedHost {
    std::string host;    // "192.0.2.1:25", "mx.example.org:25", or the path of a socket
    std::string what;    // "unreachable", or the name of the step
    std::string policy;  // of a step: under which policy, as text; else empty
    Duration left{};     // for how long it is remembered yet

    bool operator==(const RememberedHost&) const = default;
};

// Of all cores, each once: what several remember is remembered until the last has forgotten it.
// Sorted by host.
[[nodiscard]] std::vector<RememberedHost> merge(std::vector<RememberedHost> of_all_cores);

}  // namespace hermetic::outbound
