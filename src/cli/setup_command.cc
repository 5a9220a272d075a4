#include "cli/setup_command.h"

#include "cli/cli.h"
#include "core/ip.h"
#include "core/time.h"
#include "mail/address.h"
#include "setup/run.h"

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>
#include <unistd.h>
#include <utility>

namespace hermetic::cli {
namespace {

int fail(const std::string& words, int code)
{
    std::fprintf(stderr, "%s\n", words.c_str());
    return code;
}

std::optional<std::string> said(const std::string& text)
{
    if (text.empty()) return std::nullopt;
    return text;
}

std::optional<std::string> absolute(const std::string& path)
{
    if (path.empty()) return std::nullopt;
    return std::filesystem::absolute(path).lexically_normal().string();
}

setup::Given given_by(const SetupArguments& arguments)
{
    setup::Given given;
    given.hostname = said(arguments.hostname);
    given.data_directory = absolute(arguments.data_directory);
    given.listen = arguments.listen;
    given.chain = absolute(arguments.chain);
    given.key = absolute(arguments.key);
    given.acme = said(arguments.acme);
    given.acme_contact = said(arguments.acme_contact);
    given.acme_ca = absolute(arguments.acme_ca);
    given.acme_http = arguments.acme_http;
    given.forward = arguments.forward;
    given.trust_anchors = arguments.trust_anchors;
    given.organization = said(arguments.organization);
    given.postmaster = said(arguments.postmaster);
    given.domains = arguments.domains;
    given.next_hop = said(arguments.next_hop);
    given.relay_networks = arguments.relay_networks;
    if (arguments.certificate == "acme") given.certificate = setup::CertificateKind::Acme;
    if (arguments.certificate == "files" || (given.chain && arguments.certificate.empty()))
        given.certificate = setup::CertificateKind::Files;
    if (arguments.certificate == "self-signed")
        given.certificate = setup::CertificateKind::SelfSigned;
    return given;
}

// One question; an empty answer, or the end of input, leaves the value as it is.
void ask(const std::string& question, const std::string& is, std::string& value)
{
    if (!value.empty()) return;
    std::fprintf(stderr, "%s%s: ", question.c_str(), is.empty() ? "" : (" [" + is + "]").c_str());
    std::string line;
    if (std::getline(std::cin, line)) value = line;
}

// What no flag has said. `plan`: what is so far.
void ask_questions(const setup::Plan& plan, SetupArguments& arguments)
{
    ask("The server's own name in DNS", plan.node.hostname, arguments.hostname);
    const auto& domains = plan.organization.domains;
    if (domains.empty() && arguments.domains.empty()) {
        std::string domain;
        ask("A domain whose mail it takes", "", domain);
        if (!domain.empty()) arguments.domains.push_back(domain);
    }
    ask("Where that mail goes (lmtp://host:24, smtp://host:25)",
        domains.empty() ? "" : domains.front().next_hop, arguments.next_hop);
    const bool has_certificate = plan.node.certificate != setup::CertificateKind::SelfSigned;
    if (!has_certificate && arguments.chain.empty()) {
        ask("Its certificate: acme, files or self-signed", "self-signed", arguments.certificate);
        if (arguments.certificate == "acme")
            ask("A mail address for the ACME server", "none", arguments.acme_contact);
    }
    if (arguments.certificate == "files") {
        ask("File of the certificate and its chain", "", arguments.chain);
        ask("File of its key", "", arguments.key);
    }
    ask("A domain whose mail servers may be greeted, to see whether port 25 leads out", "none",
        arguments.reach);
}

bool is_yes(const std::string& question)
{
    std::fprintf(stderr, "%s [y/N]: ", question.c_str());
    std::string line;
    return std::getline(std::cin, line) && (line == "y" || line == "yes");
}

bool keeps_a_file(const setup::Plan& plan)
{
    const auto keeps = [](const setup::FilePlan& file) {
        return file.fate == setup::Fate::Keep && !file.path.empty();
    };
    return keeps(plan.node_file) || keeps(plan.organization_file);
}

Result<setup::Plan, std::string> plan_for(const SetupArguments& arguments)
{
    return setup::make_plan(arguments.config, given_by(arguments),
                            arguments.overwrite ? setup::Overwrite::Yes : setup::Overwrite::No,
                            system_clock().wall());
}

// On a terminal: what is not said is asked, and what would be overwritten.
Result<setup::Plan, std::string> plan_with_questions(SetupArguments& arguments)
{
    auto plan = plan_for(arguments);
    const bool asks = !arguments.json && !arguments.no_questions && ::isatty(STDIN_FILENO) != 0;
    if (!plan || !asks) return plan;
    ask_questions(*plan, arguments);
    plan = plan_for(arguments);
    if (!plan || arguments.overwrite || !keeps_a_file(*plan)) return plan;
    std::fputs(setup::format_plan(*plan, setup::Dry::Yes).c_str(), stderr);
    arguments.overwrite = is_yes("Overwrite what a person wrote? (It is kept as .before-setup.)");
    return plan_for(arguments);
}

}  // namespace

int run_setup(SetupArguments arguments, const FindFaults& find_faults)
{
    arguments.config = std::filesystem::absolute(arguments.config).lexically_normal().string();
    setup::Request request;
    for (const std::string& each : arguments.addresses) {
        const auto address = IpAddress::parse(each);
        if (!address) return fail("--address: \"" + each + "\" is no IP address", kUsage);
        request.addresses.push_back(*address);
    }
    if (!arguments.test_to.empty() && !mail::parse_mailbox(arguments.test_to))
        return fail("--test-to: \"" + arguments.test_to + "\" is no mailbox", kUsage);
    auto plan = plan_with_questions(arguments);
    if (!plan) return fail(plan.error(), kFailed);
    if (!plan->missing.empty()) {
        std::string words = "setup has to know more:";
        for (const std::string& each : plan->missing) words += "\n  " + each;
        return fail(words, kUsage);
    }
    if (!plan->faults.empty()) {
        std::string words;
        for (const auto& each : plan->faults) words += config::format_diagnostic(each) + "\n";
        return fail(words + "nothing was written", kFailed);
    }
    request.config = arguments.config;
    request.dry = arguments.dry_run ? setup::Dry::Yes : setup::Dry::No;
    request.reach = arguments.reach;
    request.test_to = arguments.test_to;
    request.asks_network = !arguments.offline;
    request.all = std::chrono::seconds{arguments.seconds};
    request.check = find_faults;
    const bool would_change = arguments.dry_run && plan->changes_anything();
    const auto report = setup::run(request, *std::move(plan));
    if (!report) return fail(report.error(), kFailed);
    const std::string text =
        arguments.json ? setup::format_json(*report) + "\n" : setup::format_words(*report);
    std::fputs(text.c_str(), stdout);
    if (setup::worst_of(report->findings) == setup::Severity::Error) return kFailed;
    return would_change ? kWouldChange : kDone;
}

}  // namespace hermetic::cli
