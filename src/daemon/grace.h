// How long transactions that have begun may take at a stop.
#pragma once

#include "core/time.h"

namespace hermetic::daemon {

inline constexpr Duration kGrace = std::chrono::seconds{10};

}  // namespace hermetic::daemon
