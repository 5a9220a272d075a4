#include "cli/cli.h"
#include "cli/object_commands.h"

#include <CLI/CLI.hpp>

namespace hermetic::cli {
namespace {

void add_server(CLI::App* command, ObjectArguments& arguments)
{
    command->add_option("--config", arguments.server.config, "The server's hermetic.toml")
        ->capture_default_str();
    command->add_option("--socket", arguments.server.socket,
                        "Its control socket, instead of --config");
    command->add_flag("--json", arguments.json, "JSON instead of words");
}

using Act = int (*)(const ServerChoice&, const ConnectorArguments&, Output);

CLI::App* add_one(CLI::App* connector, const char* name, const char* help,
                  ObjectArguments& arguments, int& result, Act act)
{
    auto* command = connector->add_subcommand(name, help);
    add_server(command, arguments);
    command->add_flag("--inbound", arguments.connector.inbound,
                      "An inbound connector, not an outbound one");
    command->add_option("--organization", arguments.connector.organization,
                        "Whose it is, where several have one of this name");
    command->callback(
        [&, act] { result = act(arguments.server, arguments.connector, arguments.output()); });
    return command;
}

void add_name(CLI::App* command, ObjectArguments& arguments)
{
    command->add_option("name", arguments.connector.name, "Its name")->required();
}

void add_fields(CLI::App* command, ObjectArguments& arguments)
{
    command
        ->add_option("fields", arguments.connector.fields,
                     "KEY=VALUE, as docs/reference/org.md names them; lists with commas; KEY= "
                     "goes back to the default")
        ->required();
}

void add_change(CLI::App* command, ObjectArguments& arguments)
{
    command->add_flag("--dry-run", arguments.connector.dry_run,
                      "Only say what would change; ends with 4 if something would");
}

void add_no_test(CLI::App* command, ObjectArguments& arguments)
{
    command->add_flag("--no-test", arguments.connector.no_test,
                      "Save it without testing first whether mail flows under it");
}

void add_version(CLI::App* command, ObjectArguments& arguments)
{
    command->add_option("--version-seen", arguments.connector.version,
                        "Refuse (5) if it is not at this version any more");
}

void add_connector(CLI::App& app, ObjectArguments& arguments, int& result)
{
    auto* connector = app.add_subcommand("connector", "Who is forced to what, both ways");
    connector->require_subcommand(1);
    add_one(connector, "list", "All of them", arguments, result, connector_list);
    auto* show = add_one(connector, "show", "One, with version, author and time", arguments, result,
                         connector_show);
    add_name(show, arguments);
    show->add_flag("--history", arguments.connector.history, "Its changes, newest first");
    auto* add = add_one(connector, "add", "A new one", arguments, result, connector_add);
    add_name(add, arguments);
    add_fields(add, arguments);
    add_change(add, arguments);
    add_no_test(add, arguments);
    auto* set = add_one(connector, "set", "Change its fields", arguments, result, connector_set);
    add_name(set, arguments);
    add_fields(set, arguments);
    add_change(set, arguments);
    add_no_test(set, arguments);
    add_version(set, arguments);
    auto* remove = add_one(connector, "remove", "Remove it", arguments, result, connector_remove);
    add_name(remove, arguments);
    add_change(remove, arguments);
    add_version(remove, arguments);
    for (const char* word : {"enable", "disable"}) {
        const bool enables = std::string_view{word} == "enable";
        auto* command = add_one(connector, word, enables ? "Let it count" : "Keep it uncounted",
                                arguments, result, connector_set);
        add_name(command, arguments);
        add_change(command, arguments);
        if (enables) add_no_test(command, arguments);
        command->callback([&, enables] {
            arguments.connector.fields = {enables ? "enabled=true" : "enabled=false"};
            result = connector_set(arguments.server, arguments.connector, arguments.output());
        });
    }
}

}  // namespace

void add_object_commands(CLI::App& app, ObjectArguments& arguments, int& result)
{
    auto* apply_command = app.add_subcommand("apply", "Make a file's objects the server's objects");
    add_server(apply_command, arguments);
    apply_command
        ->add_option("file", arguments.apply.file, "TOML, as `export` prints it; - reads it")
        ->required();
    apply_command->add_flag("--dry-run", arguments.apply.dry_run,
                            "Only say what would change; ends with 4 if something would");
    apply_command->add_option("--revision", arguments.apply.revision,
                              "Refuse (5) if the objects are not at this revision any more");
    apply_command->callback(
        [&] { result = apply(arguments.server, arguments.apply, arguments.output()); });

    auto* export_command =
        app.add_subcommand("export", "Print all objects as one file that `apply` takes back");
    add_server(export_command, arguments);
    export_command->callback(
        [&] { result = export_objects(arguments.server, arguments.output()); });

    add_connector(app, arguments, result);
}

}  // namespace hermetic::cli
