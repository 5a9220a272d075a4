// What is made of the definitions of the commands, beside their --help: the manual page and the
// shell's completion. The package holds both.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace hermetic::cli {

// hermetic(8) in roff (man(7)): every command with its options.
[[nodiscard]] std::string format_manual(const CLI::App& app);

// For bash: commands, options, and the values of options that take one of a few.
[[nodiscard]] std::string format_completion(const CLI::App& app);

}  // namespace hermetic::cli
