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
    command->add_flag("--json", arguments.json, "JSON instead of text");
}

}  // namespace

void add_spool_commands(CLI::App& app, SpoolArguments& arguments, int& result)
{
    auto* spool =
        app.add_subcommand("spool", "The stored mail of a stopped server: check, repair, export");
    spool->require_subcommand(1);

    auto* check = spool->add_subcommand("check", "Read all of it and report what cannot be read");
    add_place(check, arguments);
    check->callback([&] { result = spool_check(arguments); });

    auto* repair = spool->add_subcommand(
        "repair", "Keep every message that can be read, and move the rest aside");
    add_place(repair, arguments);
    repair->callback([&] { result = spool_repair(arguments); });

    auto* save = spool->add_subcommand(
        "export", "Write every readable message as ID.eml, with its envelope as ID.json");
    add_place(save, arguments);
    save->add_option("--to", arguments.to, "A folder that does not exist yet, or is empty")
        ->required();
    save->callback([&] { result = spool_export(arguments); });
}

}  // namespace hermetic::cli
