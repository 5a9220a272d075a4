#include "cli/cli.h"
#include "cli/object_commands.h"

#include <CLI/CLI.hpp>

#include <string_view>

namespace hermetic::cli {
namespace {

void add_server(CLI::App* command, ObjectArguments& arguments)
{
    command->add_option("--config", arguments.server.config, "The server's hermetic.toml")
        ->capture_default_str();
    command->add_option("--socket", arguments.server.socket,
                        "Its control socket, instead of --config");
    command->add_flag("--json", arguments.json, "JSON instead of text");
}

// The commands for objects of one kind: the word, the key of org.toml, and what there is of it.
// `connector` has two kinds.
struct KindCommands {
    const char* word;
    std::string_view kind;
    const char* help;
    bool is_switched;  // has the field `enabled`
};
constexpr KindCommands kKindCommands[] = {
    {"organization", "organization",
     "Organizations that share this server, each with its own defaults", false},
    {"domain", "accepted_domain", "Accepted domains, and where their mail goes", true},
    {"connector", "outbound_connector",
     "Connectors: TLS requirements of partners, inbound and outbound", true},
    {"certificate", "certificate",
     "Certificates in use, and those that connectors present to partners", false},
    {"retire", "retirement", "Retire old TLS versions gradually", true},
};

using Act = int (*)(const ServerChoice&, const ObjectChoice&, Output);

// Declares the verbs of one kind.
class Verbs {
public:
    Verbs(CLI::App& app, const KindCommands& kind, ObjectArguments& arguments, int& result)
        : kind_{kind}, arguments_{arguments}, result_{result}
    {
        parent_ = app.add_subcommand(kind.word, kind.help);
        parent_->require_subcommand(1);
    }

    void add()
    {
        // Certificates in use are more than objects: certificate_commands.h.
        if (!is("certificate")) verb("list", "List all of them", object_list);
        add_show();
        auto* add = verb("add", "Create one", object_add);
        add_name(add);
        add_fields(add);
        add_change(add);
        add_no_test(add);
        auto* set = verb("set", "Change its fields", object_set);
        add_name(set);
        add_fields(set);
        add_change(set);
        add_no_test(set);
        add_version(set);
        auto* remove = verb("remove", "Remove it", object_remove);
        add_name(remove);
        add_change(remove);
        add_version(remove);
        if (!kind_.is_switched) return;
        add_switch("enable", "Put it into effect", "enabled=true");
        add_switch("disable", "Put it out of effect", "enabled=false");
    }

private:
    [[nodiscard]] bool is(std::string_view kind) const { return kind_.kind == kind; }

    CLI::App* verb(const char* name, const char* help, Act act)
    {
        auto* command = parent_->add_subcommand(name, help);
        add_server(command, arguments_);
        if (is("outbound_connector")) {
            command->add_flag("--inbound", arguments_.inbound,
                              "An inbound connector, not an outbound one");
        }
        if (!is("organization")) {
            command->add_option("--organization", arguments_.object.organization,
                                "Its organization, if several have one of this name");
        }
        command->callback([this_arguments = &arguments_, result = &result_, kind = kind_.kind,
                           act] { *result = run(*this_arguments, kind, act); });
        return command;
    }

    static int run(ObjectArguments& arguments, std::string_view kind, Act act)
    {
        arguments.object.kind = arguments.inbound ? "inbound_connector" : kind;
        return act(arguments.server, arguments.object, arguments.output());
    }

    void add_show()
    {
        auto* show = verb("show", "Show one, with version, author and time", object_show);
        add_name(show);
        show->add_flag("--history", arguments_.object.history, "Its history, newest first");
    }

    void add_switch(const char* name, const char* help, const char* field)
    {
        auto* command = verb(name, help, object_set);
        add_name(command);
        add_change(command);
        add_no_test(command);
        command->callback(
            [this_arguments = &arguments_, result = &result_, kind = kind_.kind, field] {
                this_arguments->object.fields = {field};
                *result = run(*this_arguments, kind, object_set);
            });
    }

    void add_name(CLI::App* command)
    {
        command->add_option("name", arguments_.object.name, "Its name")->required();
    }

    void add_fields(CLI::App* command)
    {
        command
            ->add_option("fields", arguments_.object.fields,
                         "KEY=VALUE, as docs/reference/org.md names them; lists with commas; KEY= "
                         "resets it to the default")
            ->required();
    }

    void add_change(CLI::App* command)
    {
        command->add_flag("--dry-run", arguments_.object.dry_run,
                          "Only show what would change; exit code 4 if something would");
    }

    void add_no_test(CLI::App* command)
    {
        if (!is("outbound_connector")) return;
        command->add_flag("--no-test", arguments_.object.no_test,
                          "Save it without testing first whether mail can be delivered with it");
    }

    void add_version(CLI::App* command)
    {
        command->add_option("--version-seen", arguments_.object.version,
                            "Refuse (exit code 5) if it is no longer at this version");
    }

    KindCommands kind_;
    ObjectArguments& arguments_;
    int& result_;
    CLI::App* parent_ = nullptr;
};

void add_apply(CLI::App& app, ObjectArguments& arguments, int& result)
{
    auto* command = app.add_subcommand("apply", "Replace the server's objects by those of a file");
    add_server(command, arguments);
    command
        ->add_option("file", arguments.apply.file,
                     "A TOML file, as `export` prints it; -: standard input")
        ->required();
    command->add_flag("--dry-run", arguments.apply.dry_run,
                      "Only show what would change; exit code 4 if something would");
    command->add_flag("--prune", arguments.apply.prune,
                      "Remove objects that the file does not name; otherwise the command asks on a "
                      "terminal, and changes nothing elsewhere");
    command->add_option("--revision", arguments.apply.revision,
                        "Refuse (exit code 5) if the objects are no longer at this revision");
    command->callback(
        [&] { result = apply(arguments.server, arguments.apply, arguments.output()); });
}

void add_history(CLI::App& app, ObjectArguments& arguments, int& result)
{
    auto* changes =
        app.add_subcommand("changes", "Who changed which objects, when and how; newest first");
    add_server(changes, arguments);
    changes->add_option("revision", arguments.changes.revision, "Only this revision");
    changes->add_option("--limit", arguments.changes.limit, "Maximum number of changed objects")
        ->capture_default_str();
    changes->callback(
        [&] { result = list_changes(arguments.server, arguments.changes, arguments.output()); });
    auto* rollback =
        app.add_subcommand("rollback", "Restore the objects of a revision, as a new revision");
    add_server(rollback, arguments);
    rollback->add_option("revision", arguments.rollback.to, "As `changes` lists it")->required();
    rollback->add_flag("--dry-run", arguments.rollback.dry_run,
                       "Only show what would change; exit code 4 if something would");
    rollback->add_flag("--prune", arguments.rollback.prune,
                       "Remove objects that the revision does not name; otherwise the command asks "
                       "on a terminal, and changes nothing elsewhere");
    rollback->add_option("--revision-seen", arguments.rollback.revision,
                         "Refuse (exit code 5) if the objects are no longer at this revision");
    rollback->callback(
        [&] { result = roll_back(arguments.server, arguments.rollback, arguments.output()); });
}

}  // namespace

void add_object_commands(CLI::App& app, ObjectArguments& arguments, int& result)
{
    add_apply(app, arguments, result);
    auto* export_command =
        app.add_subcommand("export", "Print all objects as one file that `apply` accepts");
    add_server(export_command, arguments);
    export_command->callback(
        [&] { result = export_objects(arguments.server, arguments.output()); });
    add_history(app, arguments, result);
    for (const KindCommands& each : kKindCommands) Verbs{app, each, arguments, result}.add();
}

}  // namespace hermetic::cli
