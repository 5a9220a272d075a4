#include "cli/setup_questions.h"

#include "mail/address.h"
#include "mail/domain.h"
#include "objects/next_hop.h"
#include "setup/run.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

namespace hermetic::cli {
namespace {

constexpr const char* kNone = "none";

bool is_domain(const std::string& text)
{
    return mail::Domain::parse(text).has_value();
}

bool is_accepted_domain(const std::string& text)
{
    return text != "*" && objects::DomainPattern::parse(text).has_value();
}

bool is_next_hop(const std::string& text)
{
    return text == "mx" || objects::parse_next_hop_host(text).has_value();
}

bool is_certificate(const std::string& text)
{
    return text == "acme" || text == "files" || text == "self-signed";
}

bool is_mailbox(const std::string& text)
{
    return mail::parse_mailbox(text).has_value();
}

bool is_file(const std::string& text)
{
    std::error_code ignored;
    return std::filesystem::is_regular_file(text, ignored);
}

// What stands for the next hop of all domains; empty: one of them has none.
std::string standing_next_hop(const std::vector<setup::WantedOrganization::Domain>& domains)
{
    if (domains.empty()) return {};
    const std::string& first = domains.front().next_hop;
    const auto leads_nowhere = [](const auto& each) { return each.next_hop.empty(); };
    if (std::ranges::any_of(domains, leads_nowhere)) return {};
    const auto is_first = [&](const auto& each) { return each.next_hop == first; };
    return std::ranges::all_of(domains, is_first) ? first : "as each has it";
}

class Asking {
public:
    Asking(Terminal& terminal, const setup::Plan& plan, SetupArguments& arguments)
        : terminal_{terminal}, plan_{plan}, arguments_{arguments}
    {
    }

    // False: the input has ended.
    bool run()
    {
        return ask_for({"The server's own name in DNS", plan_.node.hostname,
                        "a full name, such as mx.example.org", is_domain},
                       arguments_.hostname) &&
               ask_domain() &&
               ask_for({"Where that mail goes", standing_next_hop(plan_.organization.domains),
                        "lmtp://host:24, smtp://host:25, lmtp+unix:/path, or mx", is_next_hop},
                       arguments_.next_hop) &&
               ask_certificate() &&
               ask_for({"A domain whose mail servers may be greeted, to test outbound port 25",
                        kNone, "a domain, such as example.org", is_domain},
                       arguments_.reach);
    }

private:
    // Not where a flag has said it.
    bool ask_for(const Question& question, std::string& value)
    {
        if (!value.empty()) return true;
        auto answer = ask(terminal_, question);
        if (!answer) return false;
        value = *std::move(answer);
        return true;
    }

    bool ask_domain()
    {
        if (!plan_.organization.domains.empty()) return true;
        std::string domain;
        if (!ask_for({"A domain whose mail it accepts", "", "a domain, such as example.org",
                      is_accepted_domain},
                     domain))
            return false;
        arguments_.domains.push_back(std::move(domain));
        return true;
    }

    bool ask_certificate()
    {
        const setup::WantedNode& node = plan_.node;
        const bool has_one = node.certificate != setup::CertificateKind::SelfSigned;
        if (!has_one && arguments_.chain.empty() &&
            !ask_for({"Its certificate: acme, files or self-signed", "self-signed",
                      "acme, files or self-signed", is_certificate},
                     arguments_.certificate))
            return false;
        if (arguments_.certificate == "acme") {
            const std::string& contact = node.acme_contact;
            return ask_for({"A mail address for the ACME server", contact.empty() ? kNone : contact,
                            "a mail address, such as hostmaster@example.org", is_mailbox},
                           arguments_.acme_contact);
        }
        if (arguments_.certificate != "files") return true;
        return ask_for({"File of the certificate and its chain", node.chain,
                        "a PEM file that is there", is_file},
                       arguments_.chain) &&
               ask_for({"File of its key", node.key, "a PEM file that is there", is_file},
                       arguments_.key);
    }

    Terminal& terminal_;
    const setup::Plan& plan_;
    SetupArguments& arguments_;
};

// And would replace it after a yes.
bool keeps(const setup::FilePlan& file)
{
    return file.fate == setup::Fate::Keep && !file.path.empty() && file.losses.empty();
}

}  // namespace

Asked ask_what_is_open(Terminal& terminal, const setup::Plan& plan, SetupArguments& arguments)
{
    return Asking{terminal, plan, arguments}.run() ? Asked::All : Asked::Ended;
}

Answer ask_overwrite(Terminal& terminal, const setup::Plan& plan)
{
    if (!keeps(plan.node_file) && !keeps(plan.organization_file)) return Answer::No;
    terminal.say(setup::format_plan(plan, setup::Dry::Yes));
    return ask_yes(terminal,
                   "Overwrite files that were edited by hand? (They are kept as .before-setup.)");
}

}  // namespace hermetic::cli
