#include "cli/setup_command.h"

#include "cli/cli.h"
#include "cli/complaint.h"
#include "cli/setup_questions.h"
#include "core/ip.h"
#include "core/text.h"
#include "core/time.h"
#include "mail/address.h"
#include "setup/run.h"

#include <cstdio>
#include <filesystem>
#include <optional>
#include <utility>

namespace hermetic::cli {
namespace {

int fail(const Complaint& complaint, int code)
{
    complain(complaint);
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
    given.acme_eab_key_id = said(arguments.acme_eab_key_id);
    given.acme_eab_hmac_file = absolute(arguments.acme_eab_hmac_file);
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

Result<setup::Plan, std::string> plan_for(const SetupArguments& arguments)
{
    return setup::make_plan(arguments.config, given_by(arguments),
                            arguments.overwrite ? setup::Overwrite::Yes : setup::Overwrite::No,
                            system_clock().wall());
}

// What is not said is asked, and what would be overwritten, where there is somebody to ask.
Result<setup::Plan, Complaint> agree_on_plan(SetupArguments& arguments, Terminal* terminal)
{
    auto plan = plan_for(arguments);
    if (plan && terminal != nullptr) {
        const Complaint ended{"the input ended before the last question; nothing was written",
                              "an answer to each, or --no-questions"};
        if (ask_what_is_open(*terminal, *plan, arguments) == Asked::Ended) return failure(ended);
        plan = plan_for(arguments);
        if (plan && plan->missing.empty() && !arguments.overwrite) {
            const Answer answer = ask_overwrite(*terminal, *plan);
            if (answer == Answer::Ended) return failure(ended);
            arguments.overwrite = answer == Answer::Yes;
            plan = plan_for(arguments);
        }
    }
    if (!plan) return failure(Complaint{plan.error()});
    return *std::move(plan);
}

// What the plan lacks, or has wrong; nullopt: nothing.
std::optional<Complaint> find_fault(const setup::Plan& plan)
{
    if (!plan.missing.empty())
        return Complaint{"setup has to know more:\n  " + join(plan.missing, "\n  "), {}, "usage"};
    if (plan.faults.empty()) return std::nullopt;
    return complaint_of(plan.faults);
}

Result<setup::Request, Complaint> make_request(const SetupArguments& arguments)
{
    setup::Request request;
    for (const std::string& each : arguments.addresses) {
        const auto address = IpAddress::parse(each);
        if (!address)
            return failure(Complaint{"--address: \"" + each + "\" is not an IP address",
                                     "such as 192.0.2.1 or 2001:db8::1", "usage"});
        request.addresses.push_back(*address);
    }
    if (!arguments.test_to.empty() && !mail::parse_mailbox(arguments.test_to))
        return failure(Complaint{"--test-to: \"" + arguments.test_to + "\" is not a mailbox",
                                 "such as you@example.org", "usage"});
    request.config = arguments.config;
    request.dry = arguments.dry_run ? setup::Dry::Yes : setup::Dry::No;
    request.reach = arguments.reach;
    request.test_to = arguments.test_to;
    request.asks_network = !arguments.offline;
    request.all = std::chrono::seconds{arguments.seconds};
    return request;
}

}  // namespace

int run_setup(SetupArguments arguments, const FindFaults& find_faults, Terminal* terminal)
{
    arguments.config = std::filesystem::absolute(arguments.config).lexically_normal().string();
    if (const auto request = make_request(arguments); !request)
        return fail(request.error(), kUsage);
    const bool asks = !arguments.json && !arguments.no_questions;
    auto plan = agree_on_plan(arguments, asks ? terminal : nullptr);
    if (!plan) return fail(plan.error(), kFailed);
    if (const auto fault = find_fault(*plan)) {
        const int code = fail(*fault, plan->missing.empty() ? kFailed : kUsage);
        remark("nothing was written");
        return code;
    }
    auto request = make_request(arguments);  // with the answers
    if (!request) return fail(request.error(), kUsage);
    request->check = find_faults;
    const bool would_change = arguments.dry_run && plan->changes_anything();
    const auto report = setup::run(*request, *std::move(plan));
    if (!report) return fail({report.error()}, kFailed);
    const std::string text =
        arguments.json ? setup::format_json(*report) + "\n" : setup::format_words(*report);
    std::fputs(text.c_str(), stdout);
    if (setup::worst_of(report->findings) == setup::Severity::Error) return kFailed;
    return would_change ? kWouldChange : kDone;
}

}  // namespace hermetic::cli
