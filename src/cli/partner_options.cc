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
        "probe", "Probe a domain's mail hosts: STARTTLS, versions, certificate, levels");
    command->add_option("target", arguments.probe.target, "DOMAIN, HOST[:PORT] or [ADDRESS][:PORT]")
        ->required();
    command->add_option("--config", arguments.probe.config,
                        "A hermetic.toml, for its resolver and delivery settings");
    command->add_flag("--allow-loopback", arguments.probe.allow_loopback,
                      "Also connect to addresses of this machine");
    command->add_flag("--allow-private", arguments.probe.allow_private,
                      "Also connect to addresses of private networks");
    command->add_option("--organization", arguments.probe.organization,
                        "The organization that would send; required if there are several");
    command->add_option("--timeout", arguments.probe.seconds, "Seconds for the whole probe")
        ->check(CLI::Range(1U, 3600U))
        ->capture_default_str();
    command->add_flag("--json", arguments.json, "JSON instead of text");
    command->callback(
        [&arguments, &result] { result = probe(arguments.probe, output_of(arguments)); });
}

void add_test(CLI::App& app, PartnerArguments& arguments, int& result)
{
    auto* const connector = app.get_subcommand("connector");
    auto* const command = connector->add_subcommand(
        "test",
        "Test step by step whether mail can be delivered with an outbound connector; for an "
        "inbound one: report its partner's next session");
    command->add_option("name", arguments.test.name, "Its name")->required();
    command->add_option("--to", arguments.test.recipient,
                        "Send a test message to this address, and test its domain's hosts");
    command->add_flag("--inbound", arguments.test.inbound,
                      "The inbound connector, if an outbound one has the same name");
    command->add_option("--organization", arguments.test.organization,
                        "Its organization, if several have one of this name");
    command
        ->add_option("--wait", arguments.test.wait,
                     "Seconds to wait for a bounce of that message (0: not at all), or for the "
                     "session of an inbound connector's partner")
        ->check(CLI::Range(0U, 3600U))
        ->capture_default_str();
    command->add_option("--config", arguments.server.config, "The server's hermetic.toml")
        ->capture_default_str();
    command->add_option("--socket", arguments.server.socket,
                        "Its control socket, instead of --config");
    command->add_flag("--json", arguments.json, "One line of JSON per step");
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
