#include "cli/cli.h"

#include "cli/certificate_commands.h"
#include "cli/commands.h"
#include "cli/complaint.h"
#include "cli/manual.h"
#include "cli/object_commands.h"
#include "cli/partner_commands.h"
#include "cli/queue_commands.h"
#include "cli/setup_command.h"
#include "cli/spool_commands.h"
#include "cli/tls_plan_commands.h"
#include "config/option.h"
#include "core/quote.h"
#include "lab/run_lab.h"
#include "lab/tour.h"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

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

void add_serve_and_check(CLI::App& app, Common& common, ServeArguments& arguments,
                         const Programs& programs, int& result)
{
    auto* serve = app.add_subcommand("serve", "Run the server");
    serve->add_option("--config", arguments.config, "hermetic.toml")->capture_default_str();
    serve->add_option("--ready-file", arguments.ready_file,
                      "File to write, as JSON, when every listener accepts connections");
    serve->callback([&] { result = programs.serve(arguments); });

    auto* check = app.add_subcommand("check", "Check a configuration");
    check->add_option("--config", common.server.config, "hermetic.toml")->capture_default_str();
    check->add_flag("--json", common.json, "JSON instead of text");
    check->callback([&] { result = programs.check(common.server.config, common.output()); });
}

void add_explain(CLI::App& app, Common& common, ExplainArguments& arguments, int& result)
{
    auto* explain = app.add_subcommand(
        "explain", "Show what would happen to a message, and why; nothing is sent");
    explain->add_option("--config", arguments.config, "hermetic.toml")->capture_default_str();
    explain->add_option("--to", arguments.recipient, "Its recipient")->required();
    explain->add_option("--client", arguments.client, "The address of the client that sends it");
    explain->add_option("--listener", arguments.listener,
                        "The listener that receives it, for connectors with `listeners`");
    explain->add_option("--from", arguments.sender, "Its sender");
    explain->add_option(
        "--message", arguments.message,
        "A file with the message, for its size, its Received and TLS-Required fields, and with "
        "--live for what it needs of the next hop (SIZE, 8BITMIME, SMTPUTF8)");
    explain->add_flag("--requiretls", arguments.requiretls,
                      "It comes in TLS, with REQUIRETLS (RFC 8689)");
    explain->add_flag(
        "--live", arguments.live,
        "Also resolve and connect, without sending: whether it would be delivered now");
    explain->add_flag("--secure-mx", arguments.secure_mx,
                      "Assume that DNSSEC proves the MX answer");
    explain->add_flag("--json", common.json, "JSON instead of text");
    explain->callback([&] { result = explain_message(arguments, common.output()); });
}

struct HostsArguments {
    std::string host;
    bool everything = false;
};

void add_hosts(CLI::App& app, Common& common, HostsArguments& arguments, int& result)
{
    auto* hosts = app.add_subcommand("hosts", "What is remembered about other mail servers");
    hosts->require_subcommand(1);
    auto* list = hosts->add_subcommand("list",
                                       "Hosts that were unreachable, did not greet or were not "
                                       "tried, and which TLS fallback worked");
    add_server_options(list, common);
    list->callback([&] { result = hosts_list(common.server, common.output()); });
    auto* forget = hosts->add_subcommand("forget", "Forget it, for one host or all of them");
    add_server_options(forget, common);
    forget->add_option("host", arguments.host, "A host as listed, with or without its port");
    forget->add_flag("--all", arguments.everything, "All hosts");
    forget->callback([&] {
        if (arguments.host.empty() != arguments.everything)
            throw CLI::ValidationError("forget", "one of these is required: a host, --all");
        result = hosts_forget(common.server, arguments.host, common.output());
    });
}

void add_reference(CLI::App& app, Common& common, std::string& what, int& result)
{
    auto* reference_command = app.add_subcommand(
        "reference", "Print a reference: of options, reasons, metrics or findings");
    reference_command
        ->add_option("what", what,
                     "node, org, reasons, metrics, setup; man and completion for the package")
        ->required()
        ->check(CLI::IsMember({"node", "org", "reasons", "metrics", "setup", "man", "completion"}));
    reference_command->add_flag("--json", common.json, "JSON instead of Markdown");
    reference_command->callback([&] {
        const bool is_text = what == "man" || what == "completion";
        if (is_text && common.json)
            throw CLI::ValidationError(what, "it is never JSON: give no --json");
        if (what == "man") {
            fmt::print("{}", format_manual(app));
        } else if (what == "completion") {
            fmt::print("{}", format_completion(app));
        } else {
            result = reference(what, common.output());
        }
    });
}

// The commands below it.
std::vector<std::string> names_below(const CLI::App& command)
{
    std::vector<std::string> names;
    for (const CLI::App* each : command.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(each->get_name());
    return names;
}

// What was meant, as far as it was understood.
struct Understood {
    std::string words;  // "lab tour"
    const CLI::App* command = nullptr;
};

Understood understand(CLI::App& app)
{
    Understood understood{{}, &app};
    for (auto parsed = app.get_subcommands(); !parsed.empty();
         parsed = parsed.back()->get_subcommands()) {
        understood.command = parsed.back();
        if (!understood.words.empty()) understood.words += " ";
        understood.words += understood.command->get_name();
    }
    return understood;
}

// A word where a command is expected.
std::optional<Complaint> find_unknown_command(CLI::App& app)
{
    const Understood understood = understand(app);
    const auto known = names_below(*understood.command);
    if (known.empty()) return std::nullopt;
    for (const std::string& each : app.remaining(true)) {
        if (each.starts_with('-')) continue;
        const std::string whole = understood.words.empty() ? each : understood.words + " " + each;
        return Complaint{"there is no command " + quoted(whole, 80),
                         config::suggest_key(each, known), "usage"};
    }
    return std::nullopt;
}

// Of a command that has no --json, and got it: "hermetic lab tour". Empty: none of that kind.
std::string find_without_json(CLI::App& app)
{
    const Understood understood = understand(app);
    const bool is_group = !names_below(*understood.command).empty();
    if (is_group || understood.command->get_option_no_throw("--json") != nullptr) return {};
    return "hermetic " + understood.words;
}

Complaint usage_complaint(CLI::App& app, const CLI::ParseError& error)
{
    const std::string command = find_without_json(app);
    if (!command.empty())
        return {"`" + command + "` has no --json: it prints nothing that programs read",
                "the same without --json", "usage"};
    return {error.what(), "a command of `hermetic --help`", "usage"};
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
    add_serve_and_check(app, common, serve_arguments, programs, result);

    SetupArguments setup_arguments;
    add_setup_command(app, setup_arguments, programs.find_faults, result);

    std::string what;
    add_reference(app, common, what, result);

    ExplainArguments explain_arguments;
    add_explain(app, common, explain_arguments, result);

    auto* status_command = app.add_subcommand("status", "State of the server");
    add_server_options(status_command, common);
    status_command->callback([&] { result = status(common.server, common.output()); });

    auto* metrics_command =
        app.add_subcommand("metrics", "Its metrics, in Prometheus' text format");
    add_server_options(metrics_command, common);
    metrics_command->callback([&] { result = metrics(common.server, common.output()); });

    QueueArguments queue_arguments;
    add_queue_commands(app, queue_arguments, result);

    HostsArguments hosts_arguments;
    add_hosts(app, common, hosts_arguments, result);

    SpoolArguments spool_arguments;
    add_spool_commands(app, spool_arguments, result);

    ObjectArguments object_arguments;
    add_object_commands(app, object_arguments, result);

    CertificateArguments certificate_arguments;
    add_certificate_commands(app, certificate_arguments, result);

    TlsPlanArguments tls_plan_arguments;
    add_tls_plan_commands(app, tls_plan_arguments, result);

    PartnerArguments partner_arguments;
    add_partner_commands(app, partner_arguments, result);

    lab::LabArguments lab_arguments;
    lab_arguments.complain = [](const std::string& words) { complain({words}); };
    lab::TourArguments tour_arguments;
    lab::add_commands(app, lab_arguments, tour_arguments, result);

    const bool json = std::any_of(
        argv + 1, argv + argc, [](const char* word) { return word == std::string_view{"--json"}; });
    complain_in(json ? Output::Json : Output::Table);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const bool asked_for_help = error.get_exit_code() == 0;
        const auto unknown = asked_for_help ? std::nullopt : find_unknown_command(app);
        if (unknown) {
            complain(*unknown);
        } else if (asked_for_help || !json) {
            (void)app.exit(error);  // prints help or the fault
        } else {
            complain(usage_complaint(app, error));
        }
        return asked_for_help ? kDone : kUsage;
    }
    return result;
}

}  // namespace hermetic::cli
