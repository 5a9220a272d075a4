#include "cli/partner_commands.h"

#include <CLI/CLI.hpp>

namespace hermetic::cli {
namespace {

Output output_of(const PartnerArguments& arguments)
{
    return arguments.json ? Output::Json : Output::Table;
}

void add_probe(CLI::App& app, PartnerArguments& arguments, int& result)
{
    auto* const command = app.add_subcommand(
        "probe", "Look at a domain's mail hosts: STARTTLS, versions, certificate, levels");
    command->add_option("target", arguments.probe.target, "DOMAIN, HOST[:PORT] or [ADDRESS][:PORT]")
        ->required();
    command->add_option("--config", arguments.probe.config,
                        "A hermetic.toml, for its resolver and delivery settings");
    command->add_flag("--allow-loopback", arguments.probe.allow_loopback,
                      "Also addresses of this machine");
    command->add_flag("--allow-private", arguments.probe.allow_private,
                      "Also addresses of private networks");
    command->add_option("--organization", arguments.probe.organization,
                        "Whose mail is asked about; needed where there are several");
    command->add_option("--timeout", arguments.probe.seconds, "Seconds for all of it")
        ->check(CLI::Range(1U, 3600U))
        ->capture_default_str();
    command->add_flag("--json", arguments.json, "JSON instead of words");
    command->callback(
        [&arguments, &result] { result = probe(arguments.probe, output_of(arguments)); });
}

void add_test(CLI::App& app, PartnerArguments& arguments, int& result)
{
    auto* const connector = app.get_subcommand("connector");
    auto* const command = connector->add_subcommand(
        "test",
        "Whether mail would flow under an outbound connector, step by step; of an inbound one: "
        "what its partner's next session does");
    command->add_option("name", arguments.test.name, "Its name")->required();
    command->add_option("--to", arguments.test.recipient,
                        "Send a test message to this address, and look at its domain's hosts");
    command->add_flag("--inbound", arguments.test.inbound,
                      "The inbound connector, where an outbound one has the same name");
    command->add_option("--organization", arguments.test.organization,
                        "Whose it is, where several have one of this name");
    command
        ->add_option(
            "--wait", arguments.test.wait,
            "Seconds for a bounce of that message to come back (0: none is waited for), or for "
            "the session of an inbound connector's partner")
        ->check(CLI::Range(0U, 3600U))
        ->capture_default_str();
    command->add_option("--config", arguments.server.config, "The server's hermetic.toml")
        ->capture_default_str();
    command->add_option("--socket", arguments.server.socket,
                        "Its control socket, instead of --config");
    command->add_flag("--json", arguments.json, "A line of JSON for each step");
    command->callback([&arguments, &result] {
        result = connector_test(arguments.server, arguments.test, output_of(arguments));
    });
}

}  // namespace

void add_partner_commands(CLI::App& app, PartnerArguments& arguments, int& result)
{
    add_probe(app, arguments, result);
    add_test(app, arguments, result);
}

}  // namespace hermetic::cli
