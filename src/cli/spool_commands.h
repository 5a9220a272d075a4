// `hermetic spool check|repair|export`: the spool of a server that is stopped, or a copy of one.
#pragma once

#include "cli/commands.h"

#include <string>

namespace CLI {
class App;
}

namespace hermetic::cli {

struct SpoolArguments {
    std::string config = "/etc/hermetic/hermetic.toml";
    std::string directory;  // instead of the configuration's
    std::string to;         // of export
    bool json = false;
    [[nodiscard]] Output output() const { return json ? Output::Json : Output::Table; }
};

// Declares them. The arguments and the result outlive the parsing.
void add_spool_commands(CLI::App& app, SpoolArguments& arguments, int& result);

// kDone where everything can be read; check and export write nothing into the spool.
[[nodiscard]] int spool_check(const SpoolArguments& arguments);
// kDone where a server can be started on it afterwards.
[[nodiscard]] int spool_repair(const SpoolArguments& arguments);
// Each message as ID.eml, its envelope beside it as ID.json.
[[nodiscard]] int spool_export(const SpoolArguments& arguments);

}  // namespace hermetic::cli
