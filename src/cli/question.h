// A question on the terminal before something that cannot be taken back.
#pragma once

#include <string>

namespace hermetic::cli {

// Whether there is somebody to ask: standard input and standard error are a terminal.
[[nodiscard]] bool can_ask();

// "QUESTION [y/N] " on standard error; true for "y" or "yes". False where nobody can be asked.
[[nodiscard]] bool ask(const std::string& question);

}  // namespace hermetic::cli
