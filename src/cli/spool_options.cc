#include "cli/spool_commands.h"

#include <CLI/CLI.hpp>

namespace hermetic::cli {
namespace {

void add_place(CLI::App* command, SpoolArguments& arguments)
{
    command->add_option("--config", arguments.config, "The server's hermetic.toml")
        ->capture_default_str();
    command->add_option("--directory", arguments.directory,
                        "The spool itself, or a copy of it, instead of --config");
    command->add_flag("--json", arguments.json, "JSON instead of words");
}

}  // namespace

void add_spool_commands(CLI::App& app, SpoolArguments& arguments, int& result)
{
    auto* spool = app.add_subcommand(
        "spool", "The stored mail of a server that is stopped: what is damaged, and what is not");
    spool->require_subcommand(1);

    auto* check = spool->add_subcommand("check", "Read all of it and say what cannot be read");
    add_place(check, arguments);
    check->callback([&] { result = spool_check(arguments); });

    auto* repair = spool->add_subcommand(
        "repair", "Keep every message that can be read, and put the rest aside");
    add_place(repair, arguments);
    repair->callback([&] { result = spool_repair(arguments); });

    auto* save = spool->add_subcommand(
        "export", "Write every message that can be read as ID.eml, its envelope as ID.json");
    add_place(save, arguments);
    save->add_option("--to", arguments.to, "A folder that is not there yet, or empty")->required();
    save->callback([&] { result = spool_export(arguments); });
}

}  // namespace hermetic::cli
