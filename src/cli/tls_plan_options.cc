#include "cli/tls_plan_commands.h"

#include <CLI/CLI.hpp>

namespace hermetic::cli {
namespace {

void add_server(CLI::App* command, TlsPlanArguments& arguments)
{
    command->add_option("--config", arguments.server.config, "The server's hermetic.toml")
        ->capture_default_str();
    command->add_option("--socket", arguments.server.socket,
                        "Its control socket, instead of --config");
    command->add_flag("--json", arguments.json, "JSON instead of text");
}

void add_ratchet(CLI::App& app, TlsPlanArguments& arguments, int& result)
{
    RatchetArguments& its = arguments.ratchet;
    auto* ratchet = app.add_subcommand(
        "ratchet", "The ratchet: the TLS that destinations have always had, and who has less");
    ratchet->require_subcommand(1);
    auto* list = ratchet->add_subcommand(
        "list", "List destinations that have less TLS than they always had");
    add_server(list, arguments);
    list->add_option("--destination", its.destination, "Only this destination");
    list->add_flag("--all", its.all, "Also destinations that have what they always had");
    list->callback([&] { result = ratchet_list(arguments.server, its, arguments.output()); });
    auto* accept = ratchet->add_subcommand(
        "accept", "Accept the TLS that a destination has now: its mail is no longer held for more");
    add_server(accept, arguments);
    accept->add_option("destination", its.destination, "The domain")->required();
    accept->add_option("--organization", its.organization,
                       "Only for the mail of this organization");
    accept->callback([&] { result = ratchet_accept(arguments.server, its, arguments.output()); });
}

void add_retire(CLI::App& app, TlsPlanArguments& arguments, int& result)
{
    RetireArguments& its = arguments.retire;
    auto* retire = app.get_subcommand("retire");
    auto* plan = retire->add_subcommand("plan", "Create a plan: `add` with all fields");
    add_server(plan, arguments);
    plan->add_option("name", its.name, "Its name")->required();
    plan->add_option("--direction", its.direction, "inbound or outbound")
        ->required()
        ->check(CLI::IsMember({"inbound", "outbound"}));
    plan->add_option("--versions", its.versions, "The versions that are retired: 1.0,1.1")
        ->required()
        ->delimiter(',')
        ->check(CLI::IsMember({"1.0", "1.1"}));
    plan->add_option(
            "--start", its.start,
            "2027-01-01T00:00:00Z: from then on a growing share is refused temporarily or deferred")
        ->required();
    plan->add_option("--end", its.end, "From then on all of them")->required();
    plan->add_option("--organization", its.organization, "Its organization, if there are several");
    plan->add_flag("--dry-run", its.dry_run, "Only print it, as `hermetic apply` accepts it");
    plan->callback([&] { result = retire_plan(arguments.server, its, arguments.output()); });
    auto* status = retire->add_subcommand(
        "status", "List plans with the peers they affect, and other peers with old versions");
    add_server(status, arguments);
    status->add_option("name", its.name, "Only this plan");
    status->add_option("--organization", its.organization, "Only of this organization");
    status->add_flag("--csv", its.csv, "A row per peer, for a spreadsheet")
        ->excludes(status->get_option("--json"));
    status->callback([&] { result = retire_status(arguments.server, its, arguments.output()); });
}

void add_exceptions(CLI::App& app, TlsPlanArguments& arguments, int& result)
{
    auto* list = app.add_subcommand(
        "exceptions", "List exceptions: what is weaker for a limited time, and until when");
    add_server(list, arguments);
    list->callback([&] { result = exceptions_list(arguments.server, arguments.output()); });
}

}  // namespace

void add_tls_plan_commands(CLI::App& app, TlsPlanArguments& arguments, int& result)
{
    add_ratchet(app, arguments, result);
    add_retire(app, arguments, result);
    add_exceptions(app, arguments, result);
}

}  // namespace hermetic::cli
