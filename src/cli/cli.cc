#include "cli/cli.h"

#include "cli/commands.h"
#include "cli/object_commands.h"
#include "cli/partner_commands.h"
#include "cli/tls_plan_commands.h"
#include "lab/run_lab.h"
#include "lab/tour.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace hermetic::cli {
namespace {

struct Common {
    ServerChoice server;
    bool json = false;
    [[nodiscard]] Output output() const { return json ? Output::Json : Output::Table; }
};

void add_server_options(CLI::App* command, Common& common)
{
    command->add_option("--config", common.server.config, "The server's hermetic.toml")
        ->capture_default_str();
    command->add_option("--socket", common.server.socket,
                        "Its control socket, instead of --config");
    command->add_flag("--json", common.json, "JSON instead of a table");
}

// Adds `hermetic queue …`; `result` gets the exit code of the one that ran.
struct QueueArguments {
    QueueFilter filter;
    std::string id;
    std::string destination;
    std::string reason;
    bool silent = false;
    bool everything = false;
};

void add_queue(CLI::App& app, Common& common, QueueArguments& arguments, int& result)
{
    auto* queue = app.add_subcommand("queue", "What waits, and what to do with it");
    queue->require_subcommand(1);

    auto* list = queue->add_subcommand("list", "Messages that wait");
    add_server_options(list, common);
    list->add_option("--destination", arguments.filter.destination,
                     "Only with this in the destination");
    list->add_option("--sender", arguments.filter.sender, "Only from this sender");
    list->add_option("--state", arguments.filter.state, "Only in this state")
        ->check(CLI::IsMember({"waiting", "deferred", "under-way", "held"}));
    list->add_option("--limit", arguments.filter.limit, "At most so many")->capture_default_str();
    list->callback([&] { result = queue_list(common.server, arguments.filter, common.output()); });

    auto* destinations = queue->add_subcommand("destinations", "Destinations that have mail");
    add_server_options(destinations, common);
    destinations->callback([&] { result = queue_destinations(common.server, common.output()); });

    auto* show = queue->add_subcommand("show", "One message, with its last outcome");
    add_server_options(show, common);
    show->add_option("id", arguments.id, "Its id, as in the reply that accepted it")->required();
    show->callback([&] { result = queue_show(common.server, arguments.id, common.output()); });

    auto* retry = queue->add_subcommand("retry", "Try again now");
    add_server_options(retry, common);
    retry->add_option("id", arguments.id, "One message");
    retry->add_option("--destination", arguments.destination, "All of one destination");
    retry->add_flag("--all", arguments.everything, "Everything that waits");
    retry->callback([&] {
        if (arguments.id.empty() == (arguments.destination.empty() && !arguments.everything)) {
            throw CLI::ValidationError("retry", "give one of: an id, --destination, --all");
        }
        result = arguments.id.empty()
                     ? queue_retry_all(common.server, arguments.destination, common.output())
                     : queue_act(common.server, "retry", arguments.id, common.output());
    });

    for (const char* action : {"hold", "release"}) {
        const bool holds = std::string{action} == "hold";
        auto* command = queue->add_subcommand(
            action, holds ? "Keep it until it is released" : "Let a held message go");
        add_server_options(command, common);
        command->add_option("id", arguments.id, "Its id")->required();
        command->callback([&, action] {
            result = queue_act(common.server, action, arguments.id, common.output());
        });
    }

    auto* approve = queue->add_subcommand(
        "approve", "Let its next attempt go below its TLS policy, once; never against REQUIRETLS");
    add_server_options(approve, common);
    approve->add_option("id", arguments.id, "Its id")->required();
    approve->add_option("--reason", arguments.reason, "Why; it stands in the log with your name")
        ->required();
    approve->callback([&] {
        result = queue_approve(common.server, arguments.id, arguments.reason, common.output());
    });

    auto* remove = queue->add_subcommand("remove", "Delete it; its sender is told unless --silent");
    add_server_options(remove, common);
    remove->add_option("id", arguments.id, "Its id")->required();
    remove->add_flag("--silent", arguments.silent, "Tell nobody");
    remove->callback([&] {
        result = queue_remove(common.server, arguments.id,
                              arguments.silent ? Notify::Nobody : Notify::Sender, common.output());
    });
}

void add_hosts(CLI::App& app, Common& common, QueueArguments& arguments, int& result)
{
    auto* hosts = app.add_subcommand("hosts", "What is remembered of other mail servers");
    hosts->require_subcommand(1);
    auto* list = hosts->add_subcommand(
        "list", "Who could not be reached a moment ago, and which TLS fallback worked where");
    add_server_options(list, common);
    list->callback([&] { result = hosts_list(common.server, common.output()); });
    auto* forget = hosts->add_subcommand("forget", "Begin anew, with one or all of them");
    add_server_options(forget, common);
    forget->add_option("host", arguments.destination, "As in the list, with its port or without");
    forget->add_flag("--all", arguments.everything, "Everything that is remembered");
    forget->callback([&] {
        if (arguments.destination.empty() != arguments.everything)
            throw CLI::ValidationError("forget", "give one of: a host, --all");
        result = hosts_forget(common.server, arguments.destination, common.output());
    });
}

}  // namespace

int run(int argc, const char* const* argv, const Programs& programs)
{
    CLI::App app{"Hermetic: a mail transport server that makes TLS a policy"};
    app.require_subcommand(1);
    app.set_version_flag("--version", HERMETIC_VERSION);
    int result = kDone;
    Common common;

    ServeArguments serve_arguments;
    auto* serve = app.add_subcommand("serve", "Run the server");
    serve->add_option("--config", serve_arguments.config, "hermetic.toml")->capture_default_str();
    serve->add_option("--ready-file", serve_arguments.ready_file,
                      "Written, as JSON, when every listener accepts");
    serve->callback([&] { result = programs.serve(serve_arguments); });

    auto* check_command = app.add_subcommand("check", "Say what is wrong with a configuration");
    check_command->add_option("--config", common.server.config, "hermetic.toml")
        ->capture_default_str();
    check_command->callback([&] { result = check(common.server.config); });

    std::string what;
    auto* reference_command =
        app.add_subcommand("reference", "Print a reference: of options or of reasons");
    reference_command->add_option("what", what, "node, org or reasons")
        ->required()
        ->check(CLI::IsMember({"node", "org", "reasons"}));
    reference_command->callback([&] { result = reference(what); });

    ExplainArguments explain_arguments;
    auto* explain_command =
        app.add_subcommand("explain", "What would become of a message, and why; nothing is sent");
    explain_command->add_option("--config", explain_arguments.config, "hermetic.toml")
        ->capture_default_str();
    explain_command->add_option("--to", explain_arguments.recipient, "Its recipient")->required();
    explain_command->add_option("--client", explain_arguments.client,
                                "The address of the client that brings it");
    explain_command->add_option("--from", explain_arguments.sender, "Its sender");
    explain_command->add_option(
        "--message", explain_arguments.message,
        "The message in a file: its size, Received and TLS-Required fields");
    explain_command->add_flag("--live", explain_arguments.live,
                              "Also resolve and connect, without sending: would it flow now?");
    explain_command->add_flag("--secure-mx", explain_arguments.secure_mx,
                              "Assume that DNSSEC proves the MX answer");
    explain_command->add_flag("--json", common.json, "JSON instead of words");
    explain_command->callback(
        [&] { result = explain_message(explain_arguments, common.output()); });

    auto* status_command = app.add_subcommand("status", "How the server is");
    add_server_options(status_command, common);
    status_command->callback([&] { result = status(common.server, common.output()); });

    auto* metrics_command =
        app.add_subcommand("metrics", "Its metrics, in Prometheus' text format");
    add_server_options(metrics_command, common);
    metrics_command->callback([&] { result = metrics(common.server); });

    QueueArguments queue_arguments;
    add_queue(app, common, queue_arguments, result);
    add_hosts(app, common, queue_arguments, result);

    TlsPlanArguments tls_plan_arguments;
    add_tls_plan_commands(app, tls_plan_arguments, result);

    ObjectArguments object_arguments;
    add_object_commands(app, object_arguments, result);

    PartnerArguments partner_arguments;
    add_partner_commands(app, partner_arguments, result);

    lab::LabArguments lab_arguments;
    lab::TourArguments tour_arguments;
    lab::add_commands(app, lab_arguments, tour_arguments, result);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);  // prints help or the fault
        return code == 0 ? kDone : kUsage;
    }
    return result;
}

}  // namespace hermetic::cli
