// The command line: one binary, its sub-commands, their help.
//
// Exit codes, for scripts: 0 done; 1 it could not be done, or a check found faults; 2 wrong usage;
// 3 the server cannot be reached; 4 --dry-run found that something would change; 5 somebody else
// changed it meanwhile. With --json an error is a JSON object on standard error (complaint.h).
#pragma once

#include "cli/commands.h"
#include "config/diagnostic.h"

#include <functional>
#include <string>

namespace hermetic::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kUnreachable = 3;
inline constexpr int kWouldChange = 4;
inline constexpr int kConflict = 5;

struct ServeArguments {
    std::string config = "/etc/hermetic/hermetic.toml";
    std::string ready_file;  // written when every listener accepts; empty: none
};

// What the folders above this one do; handed in by main.
struct Programs {
    std::function<int(const ServeArguments&)> serve;
    std::function<int(const std::string& config, Output)> check;
    // What `check` finds wrong, unprinted.
    std::function<config::Diagnostics(const std::string& config)> find_faults;
};

// Parses and runs. Returns the exit code.
[[nodiscard]] int run(int argc, const char* const* argv, const Programs& programs);

}  // namespace hermetic::cli
