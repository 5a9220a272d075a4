// What the cores remember of hosts, for people: who could not be reached a moment ago, who greets
// nobody, what an attempt had no time for, what attempts found where there are more hosts than one
// tries, and which step of the TLS ladder worked where the first did not. Values only.
#pragma once

#include "core/time.h"

#include <string>
#include <string_view>
#include <vector>

namespace hermetic::outbound {

struct RememberedHost {
    std::string host;  // "192.0.2.1:25", "mx.example.org:25", or the path of a socket
    // "unreachable", "greets-nobody" (after an hour "greets-nobody-for-an-hour": it no longer keeps
    // its destination's mail from clear text), "left-untried", the name of a finding
    // (policy/attempt_limits.h), or that of the step.
    std::string what;
    std::string policy;         // of a step or finding: under which policy, as text; else empty
    Duration left{};            // for how long it is remembered yet
    std::string destination{};  // where it is remembered for one alone: the domain; else empty

    bool operator==(const RememberedHost&) const = default;
};

// `host`: an endpoint's text, or it without the port; an address with its brackets or without.
// Empty: every endpoint is meant.
[[nodiscard]] bool is_of(std::string_view endpoint, std::string_view host);

// Of all cores, each once: what several remember is remembered until the last has forgotten it.
// Sorted by host.
[[nodiscard]] std::vector<RememberedHost> merge(std::vector<RememberedHost> of_all_cores);

}  // namespace hermetic::outbound
