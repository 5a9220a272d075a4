// When a connector is validated by itself: once a day, each at a time of its own.
//
// Pure. Specification §7. Spread by the name, so that a server with a thousand connectors does not
// knock at a thousand partners at once, and does so at the same time every day.
#pragma once

#include "core/time.h"

#include <optional>
#include <string_view>

namespace hermetic::validation {

// The last time at or before `now` at which it was its turn.
[[nodiscard]] WallTime last_turn(std::string_view connector, WallTime now);

// Whether it has not been validated since its last turn. One that never was waits for its first:
// `known_since`, the start of the server or of the connector.
[[nodiscard]] bool is_due(std::string_view connector, std::optional<WallTime> last,
                          WallTime known_since, WallTime now);

}  // namespace hermetic::validation
