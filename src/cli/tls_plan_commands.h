// `hermetic ratchet …`, `hermetic retire …` and `hermetic exceptions`: what destinations have
// always had, how old TLS versions go, and what is weaker for a time.
#pragma once

#include "cli/commands.h"

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace hermetic::cli {

struct RatchetArguments {
    std::string destination;
    std::string organization;
    bool all = false;
};

struct RetireArguments {
    std::string name;
    std::string direction;
    std::vector<std::string> versions;
    std::string start;
    std::string end;
    std::string organization;
    bool csv = false;
    bool dry_run = false;
};

struct TlsPlanArguments {
    ServerChoice server;
    bool json = false;
    RatchetArguments ratchet;
    RetireArguments retire;
    [[nodiscard]] Output output() const { return json ? Output::Json : Output::Table; }
};

// Declares them. The arguments and the result outlive the parsing.
void add_tls_plan_commands(CLI::App& app, TlsPlanArguments& arguments, int& result);

[[nodiscard]] int ratchet_list(const ServerChoice& server, const RatchetArguments& arguments,
                               Output output);
[[nodiscard]] int ratchet_accept(const ServerChoice& server, const RatchetArguments& arguments,
                                 Output output);
[[nodiscard]] int exceptions_list(const ServerChoice& server, Output output);
// With dry_run it prints the object, as `hermetic apply` takes it, or its first fault, and changes
// nothing.
[[nodiscard]] int retire_plan(const ServerChoice& server, const RetireArguments& arguments,
                              Output output);
[[nodiscard]] int retire_status(const ServerChoice& server, const RetireArguments& arguments,
                                Output output);

// The plan in TOML.
[[nodiscard]] std::string format_plan(const RetireArguments& arguments);

}  // namespace hermetic::cli
