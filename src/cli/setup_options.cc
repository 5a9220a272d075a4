#include "cli/question.h"
#include "cli/setup_command.h"

#include <CLI/CLI.hpp>

namespace hermetic::cli {
namespace {

void add_node_options(CLI::App* command, SetupArguments& arguments)
{
    command->add_option("--config", arguments.config, "Path of hermetic.toml")
        ->capture_default_str();
    command->add_option("--hostname", arguments.hostname, "The server's own name in DNS");
    command->add_option("--data-directory", arguments.data_directory,
                        "Folder for queue and keys (/var/lib/hermetic)");
    command->add_option("--listen", arguments.listen,
                        "Addresses to listen on (0.0.0.0:25 and [::]:25)");
    command->add_option("--certificate", arguments.certificate, "Source of its certificate")
        ->check(CLI::IsMember({"acme", "files", "self-signed"}));
    command->add_option("--chain", arguments.chain, "For files: certificate and chain, PEM");
    command->add_option("--key", arguments.key, "For files: the key, PEM, mode 0640 or stricter");
    command->add_option("--acme-directory", arguments.acme,
                        "For acme: the server's directory (Let's Encrypt's)");
    command->add_option("--acme-contact", arguments.acme_contact, "For acme: a mail address");
    command->add_option("--acme-ca", arguments.acme_ca,
                        "For acme: the CAs to verify its server with");
    command->add_option("--acme-eab-key-id", arguments.acme_eab_key_id,
                        "Of acme: the key id of a server that takes only its customers");
    command->add_option("--acme-eab-hmac-file", arguments.acme_eab_hmac_file,
                        "Of acme: a file with the HMAC key that goes with it, 0640 at most");
    command->add_option("--acme-http", arguments.acme_http,
                        "For acme: where challenges are answered (0.0.0.0:80)");
    command->add_option("--forward", arguments.forward,
                        "A resolver to forward to instead of resolving from the root");
    command->add_option("--trust-anchor", arguments.trust_anchors,
                        "A DS record to trust instead of the root's");
}

void add_organization_options(CLI::App* command, SetupArguments& arguments)
{
    command->add_option("--organization", arguments.organization,
                        "The organization's name (the first domain)");
    command->add_option("--postmaster", arguments.postmaster, "Its postmaster's mailbox");
    command->add_option("--domain", arguments.domains,
                        "A domain whose mail is accepted; several times");
    command->add_option("--next-hop", arguments.next_hop,
                        "Where that mail goes: lmtp://host:24, smtp://host:25");
    command->add_option("--relay-network", arguments.relay_networks,
                        "A network of your own machines, which may send to anybody; several times");
}

}  // namespace

void add_setup_command(CLI::App& app, SetupArguments& arguments, const FindFaults& find_faults,
                       int& result)
{
    auto* const command =
        app.add_subcommand("setup",
                           "Set up a server for a domain: writes the two files, gets a "
                           "certificate, checks DNS and network, and lists what is left to do");
    add_node_options(command, arguments);
    add_organization_options(command, arguments);
    command->add_option("--address", arguments.addresses,
                        "A public address of this server, behind NAT; several times");
    command->add_option("--reach", arguments.reach,
                        "A domain whose mail servers are greeted, to test outbound port 25");
    command->add_option("--test-to", arguments.test_to,
                        "Send a test message to this address by the running server");
    command->add_option("--timeout", arguments.seconds, "Seconds for all checks of the network")
        ->check(CLI::Range(1U, 3600U))
        ->capture_default_str();
    command->add_flag("--dry-run", arguments.dry_run, "Only show what would be done");
    command->add_flag(
        "--overwrite", arguments.overwrite,
        "Also overwrite files that were edited by hand, unless they have settings that setup "
        "cannot write; the old ones are kept next to them");
    command->add_flag("--offline", arguments.offline, "Do not use DNS or the network");
    command->add_flag("--no-questions", arguments.no_questions,
                      "Ask nothing on the terminal: values that are not given stay as they are");
    command->add_flag("--json", arguments.json, "JSON instead of text; asks no questions");
    command->callback([&arguments, &find_faults, &result] {
        result = run_setup(arguments, find_faults, find_terminal());
    });
}

}  // namespace hermetic::cli
