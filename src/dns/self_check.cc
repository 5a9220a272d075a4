#include "dns/self_check.h"

#include "core/assert.h"
#include "core/text.h"
#include "net/core.h"

#include <fmt/format.h>

#include <unistd.h>

namespace hermetic::dns {
namespace {

using facts::DnsSecurity;
using facts::DnsStatus;

// The owner's name of an anchor such as "example.org. IN DS 1234 13 2 abcd".
std::string zone_of(std::string_view anchor)
{
    const auto begin = anchor.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return ".";
    anchor.remove_prefix(begin);
    std::string zone = to_lower(anchor.substr(0, anchor.find_first_of(" \t")));
    if (zone.size() > 1 && zone.ends_with('.')) zone.pop_back();
    return zone.empty() ? "." : zone;
}

std::string absolute(const std::string& zone)
{
    return zone == "." ? zone : zone + ".";
}

ResolverOptions with_anchor(const ResolverOptions& options, std::string anchor)
{
    ResolverOptions other = options;
    other.trust_anchors = {std::move(anchor)};
    other.root_anchor_file.clear();
    return other;
}

// No key has this digest.
std::string wrong_anchor(const std::string& zone)
{
    return fmt::format("{} IN DS 1 13 2 {}", absolute(zone), std::string(64, '0'));
}

// Whatever the answer is, if it is one at all.
bool is_unreachable(const facts::DnsFacts& answer)
{
    return answer.status == DnsStatus::Failed && answer.security != DnsSecurity::Bogus;
}

// One question to a resolver of its own.
net::Task<facts::DnsFacts> ask_another(ResolverOptions options, std::string zone, net::Core& core,
                                       Instant deadline)
{
    auto made = make_resolver(options);
    if (!made) {
        facts::DnsFacts failed;
        failed.why = made.error();
        co_return failed;
    }
    const std::unique_ptr<Resolver> resolver = *std::move(made);
    const auto answer = co_await resolver->mx(core, std::move(zone), deadline);
    resolver->close();
    co_return answer;
}

}  // namespace

std::string_view name(Validation validation)
{
    switch (validation) {
    case Validation::Untested:
        return "untested";
    case Validation::Works:
        return "works";
    case Validation::NoAnchor:
        return "no-anchor";
    case Validation::Bogus:
        return "bogus";
    case Validation::NotSecure:
        return "not-secure";
    case Validation::TakesForgeries:
        return "takes-forgeries";
    case Validation::Unreachable:
        return "unreachable";
    }
    unreachable("every Validation is named above");
}

net::Task<ValidationReport> test_validation(Resolver& resolver, const ResolverOptions& options,
                                            net::Core& core, Instant deadline)
{
    ValidationReport report;
    const bool own_anchors = !options.trust_anchors.empty();
    if (!own_anchors && ::access(options.root_anchor_file.c_str(), R_OK) != 0) {
        report.state = Validation::NoAnchor;
        co_return report;
    }
    report.zone = own_anchors ? zone_of(options.trust_anchors.front()) : ".";

    const auto secure = co_await resolver.mx(core, report.zone, deadline);
    report.why = secure.why;
    if (secure.security == DnsSecurity::Bogus) {
        report.state = Validation::Bogus;
        co_return report;
    }
    if (is_unreachable(secure)) {
        report.state = Validation::Unreachable;
        co_return report;
    }
    if (secure.security != DnsSecurity::Secure) {
        report.state = Validation::NotSecure;
        co_return report;
    }
    ResolverOptions forged = with_anchor(options, wrong_anchor(report.zone));
    const auto bogus = co_await ask_another(std::move(forged), report.zone, core, deadline);
    ResolverOptions elsewhere = with_anchor(options, wrong_anchor("self-test.invalid"));
    const auto insecure = co_await ask_another(std::move(elsewhere), report.zone, core, deadline);
    report.state = Validation::Works;
    if (is_unreachable(bogus) || is_unreachable(insecure)) {
        report.state = Validation::Unreachable;
        report.why = is_unreachable(bogus) ? bogus.why : insecure.why;
    } else if (bogus.security != DnsSecurity::Bogus) {
        report.state = Validation::TakesForgeries;
    } else if (insecure.security != DnsSecurity::Insecure) {
        report.state = Validation::NotSecure;
    }
    co_return report;
}

std::string describe(const ValidationReport& report)
{
    const std::string words = report.why.empty() ? std::string{} : " (" + report.why + ")";
    switch (report.state) {
    case Validation::Untested:
        return "the resolver has not been tested yet";
    case Validation::Works:
        return "DNSSEC works: secure, insecure and forged answers are distinguished";
    case Validation::NoAnchor:
        return "there is no trust anchor: no answer is secure, and DANE cannot work; install "
               "dns-root-data, or set trust_anchors";
    case Validation::Bogus:
        return fmt::format(
            "answers of the zone {} do not validate{}: mail to signed domains waits; check the "
            "clock, the trust anchor, and whether the forwarder passes signatures on",
            report.zone, words);
    case Validation::NotSecure:
        return fmt::format(
            "answers of the zone {} are not secure as they should be: DANE cannot work",
            report.zone);
    case Validation::TakesForgeries:
        return fmt::format("a forged answer of the zone {} was not recognised: DANE cannot work",
                           report.zone);
    case Validation::Unreachable:
        return fmt::format("the zone {} cannot be queried{}: whether DNSSEC works is not known",
                           report.zone, words);
    }
    unreachable("every Validation is described above");
}

}  // namespace hermetic::dns
