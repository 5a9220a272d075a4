// A run of the generator: its threads, from their start to the sum of what they counted.
#pragma once

#include "load/send_options.h"

#include <functional>
#include <string>

namespace hermetic::load {

// Returns the JSON of the result. signals: of open_signals(). `on_held` is told once, in the idle
// mode, how many sessions are held (JSON). Throws std::exception where the run cannot begin.
[[nodiscard]] std::string run_send(const SendOptions& options, int signals,
                                   const std::function<void(const std::string&)>& on_held);

}  // namespace hermetic::load
