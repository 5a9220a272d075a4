// When a connector is validated by itself: once a day, each at a time of its own.
//
// Pure. Specification §7. Spread by the name, so that a server with ten thousand connectors does
// not knock at ten thousand partners at once, and does so at the same time every day.
#pragma once

#include "core/time.h"

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace hermetic::validation {

// A connector that is validated by itself, and when it was last; what lies in the future is taken
// as now.
struct Turn {
    std::string_view connector;
    std::optional<WallTime> last;
};

// The last time at or before `now` at which it was its turn.
[[nodiscard]] WallTime last_turn(std::string_view connector, WallTime now);

// Which of them, by place, have not been validated since their last turn; whoever waits longest
// comes first. One that never was waits for its first: `known_since`, the start of the server or of
// the connector.
[[nodiscard]] std::vector<std::size_t> due(const std::vector<Turn>& turns, WallTime known_since,
                                           WallTime now);

}  // namespace hermetic::validation
