#include "cli/question.h"
#include "cli/setup_command.h"

#include <CLI/CLI.hpp>

namespace hermetic::cli {
namespace {

void add_node_options(CLI::App* command, SetupArguments& arguments)
{
    command->add_option("--config", arguments.config, "Where hermetic.toml is, or is to be")
        ->capture_default_str();
    command->add_option("--hostname", arguments.hostname, "The server's own name in DNS");
    command->add_option("--data-directory", arguments.data_directory,
                        "For queue and keys (/var/lib/hermetic)");
    command->add_option("--listen", arguments.listen, "Where it listens (0.0.0.0:25 and [::]:25)");
    command->add_option("--certificate", arguments.certificate, "How it gets its certificate")
        ->check(CLI::IsMember({"acme", "files", "self-signed"}));
    command->add_option("--chain", arguments.chain, "Of files: certificate and chain, PEM");
    command->add_option("--key", arguments.key, "Of files: the key, PEM, 0640 at most");
    command->add_option("--acme-directory", arguments.acme,
                        "Of acme: the server's directory (Let's Encrypt's)");
    command->add_option("--acme-contact", arguments.acme_contact, "Of acme: a mail address");
    command->add_option("--acme-ca", arguments.acme_ca,
                        "Of acme: the CAs that its server is believed by");
    command->add_option("--acme-eab-key-id", arguments.acme_eab_key_id,
                        "Of acme: the key id of a server that takes only its customers");
    command->add_option("--acme-eab-hmac-file", arguments.acme_eab_hmac_file,
                        "Of acme: a file with the HMAC key that goes with it, 0640 at most");
    command->add_option("--acme-http", arguments.acme_http,
                        "Of acme: where challenges are answered (0.0.0.0:80)");
    command->add_option("--forward", arguments.forward, "A resolver to ask instead of the root");
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
                        "Of own machines, which may send to anybody; several times");
}

}  // namespace

void add_setup_command(CLI::App& app, SetupArguments& arguments, const FindFaults& find_faults,
                       int& result)
{
    auto* const command = app.add_subcommand(
        "setup",
        "From package to a real domain: writes the two files, gets a certificate, finds out what "
        "DNS and the network say, and what is left to do");
    add_node_options(command, arguments);
    add_organization_options(command, arguments);
    command->add_option("--address", arguments.addresses,
                        "A public address that leads here, behind NAT; several times");
    command->add_option("--reach", arguments.reach,
                        "A domain whose mail servers are greeted, to see whether port 25 leads "
                        "out");
    command->add_option("--test-to", arguments.test_to,
                        "Give the running server a test message for this address");
    command->add_option("--timeout", arguments.seconds, "Seconds for all questions to the network")
        ->check(CLI::Range(1U, 3600U))
        ->capture_default_str();
    command->add_flag("--dry-run", arguments.dry_run, "Write and order nothing");
    command->add_flag("--overwrite", arguments.overwrite,
                      "Also files that a person wrote; what they were is kept beside them");
    command->add_flag("--offline", arguments.offline, "Ask neither DNS nor the network");
    command->add_flag("--no-questions", arguments.no_questions,
                      "Ask nothing on the terminal: what is not said keeps its value");
    command->add_flag("--json", arguments.json, "JSON instead of words; asks no questions");
    command->callback([&arguments, &find_faults, &result] {
        result = run_setup(arguments, find_faults, find_terminal());
    });
}

}  // namespace hermetic::cli
