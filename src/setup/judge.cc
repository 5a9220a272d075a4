#include "setup/judge.h"

#include "core/text.h"
#include "dns/answer.h"

#include <fmt/format.h>

#include <algorithm>

namespace hermetic::setup {
namespace {

using facts::DnsSecurity;
using facts::DnsStatus;

bool is_public(const IpAddress& address)
{
    return !address.is_private() && !address.is_loopback() && !address.is_unspecified();
}

bool has(const std::vector<IpAddress>& list, const IpAddress& address)
{
    return std::find(list.begin(), list.end(), address) != list.end();
}

template <typename T>
std::string format_list(const std::vector<T>& list)
{
    std::vector<std::string> texts;
    for (const T& each : list) texts.push_back(each.format());
    return join(texts, ", ");
}

std::string quoted_text(std::string_view text)
{
    return "\"" + printable_ascii(text, 300) + "\"";
}

// Where the world is to find the host.
std::vector<IpAddress> wanted_addresses(const Expected& expected, const NetworkFacts& facts)
{
    if (!expected.addresses.empty()) return expected.addresses;
    std::vector<IpAddress> own;
    std::copy_if(facts.local.begin(), facts.local.end(), std::back_inserter(own), is_public);
    return own;
}

std::string address_records(const Expected& expected, const NetworkFacts& facts)
{
    std::string records;
    for (const IpAddress& each : wanted_addresses(expected, facts)) {
        if (!records.empty()) records += "\n";
        records +=
            fmt::format("{}. {} {}", expected.hostname, each.is_v6() ? "AAAA" : "A", each.format());
    }
    return records.empty() ? fmt::format("{}. A (the public address; --address)", expected.hostname)
                           : records;
}

Finding dns_failed(std::string subject, const facts::DnsFacts& answer, std::string expected)
{
    return {FindingId::DnsFailed, std::move(subject), answer.why, std::move(expected)};
}

Finding judge_clock(ClockState state)
{
    switch (state) {
    case ClockState::Synchronized:
        return {FindingId::ClockSynchronized, "clock", "synchronized"};
    case ClockState::Alone:
        return {FindingId::ClockAlone, "clock", "not synchronized"};
    case ClockState::Unknown:
        break;
    }
    return {FindingId::ClockUnknown, "clock", "not reported by the kernel"};
}

Finding judge_resolver(const dns::ValidationReport& report)
{
    Finding finding{FindingId::ResolverWeak, "resolver", dns::describe(report)};
    if (report.state == dns::Validation::Works) finding.id = FindingId::ResolverWorks;
    if (report.state == dns::Validation::Unreachable) finding.id = FindingId::ResolverUnreachable;
    return finding;
}

Finding judge_outbound(const std::optional<OutboundFacts>& outbound)
{
    if (!outbound) return {FindingId::OutboundUntried, "port 25 out", "not tried"};
    if (outbound->host.empty())
        return {FindingId::DnsFailed, "port 25 out", outbound->greeting.words};
    const bool greeted = outbound->greeting.state == Greeting::State::Greeted;
    return {greeted ? FindingId::OutboundOpen : FindingId::OutboundClosed,
            "port 25 out, to " + outbound->host, outbound->greeting.words};
}

Finding judge_host_name(const Expected& expected, const NetworkFacts& facts)
{
    const std::string records = address_records(expected, facts);
    const facts::AddressAnswer& host = facts.host;
    if (host.status == DnsStatus::Failed) return dns_failed(expected.hostname, host, records);
    if (host.status != DnsStatus::Found)
        return {FindingId::HostMissing, expected.hostname, "no A and no AAAA record", records};
    const std::string seen = format_list(host.addresses);
    if (std::none_of(host.addresses.begin(), host.addresses.end(), is_public))
        return {FindingId::HostPrivate, expected.hostname, seen, records};
    const auto is_ours = [&](const IpAddress& each) {
        return has(facts.local, each) || has(expected.addresses, each);
    };
    if (!std::all_of(host.addresses.begin(), host.addresses.end(), is_ours))
        return {FindingId::HostElsewhere, expected.hostname, seen, records};
    return {FindingId::HostOk, expected.hostname, seen, records};
}

Finding judge_reverse(const Expected& expected, const AddressFacts& facts)
{
    const std::string record =
        fmt::format("{}. PTR {}.", dns::reverse_name(facts.address), expected.hostname);
    const std::string subject = facts.address.format();
    if (facts.names.status == DnsStatus::Failed) return dns_failed(subject, facts.names, record);
    if (facts.names.status != DnsStatus::Found)
        return {FindingId::ReverseMissing, subject, "no PTR record", record};
    const auto& names = facts.names.names;
    const bool ours = std::find(names.begin(), names.end(), expected.hostname) != names.end();
    return {ours ? FindingId::ReverseOk : FindingId::ReverseOther, subject, join(names, ", "),
            record};
}

Finding judge_inbound(const Expected& expected, const AddressFacts& facts)
{
    const std::string subject = Endpoint{facts.address, expected.port}.format();
    const Greeting& greeting = facts.greeting;
    switch (greeting.state) {
    case Greeting::State::Closed:
        return {FindingId::InboundClosed, subject, greeting.words};
    case Greeting::State::Silent:
        return {FindingId::InboundSilent, subject, greeting.words};
    case Greeting::State::Greeted:
        break;
    }
    const bool ours = greeting.words.starts_with("220 " + expected.hostname + " ");
    return {ours ? FindingId::InboundOurs : FindingId::InboundOther, subject, greeting.words,
            "220 " + expected.hostname};
}

bool names_host(const facts::CertificateFacts& certificate, const std::string& hostname)
{
    for (const std::string& each : certificate.dns_names) {
        const std::string name = to_lower(each);
        if (name == hostname) return true;
        const auto dot = hostname.find('.');
        if (name.starts_with("*.") && dot != std::string::npos &&
            hostname.substr(dot) == name.substr(1))
            return true;
    }
    return false;
}

Finding judge_mx(const Expected& expected, const DomainFacts& domain)
{
    const std::string subject = domain.name + " MX";
    const std::string record = fmt::format("{}. MX 10 {}.", domain.name, expected.hostname);
    if (domain.mx.status == DnsStatus::Failed) return dns_failed(subject, domain.mx, record);
    if (domain.mx.status != DnsStatus::Found)
        return {FindingId::MxMissing, subject, "no MX record", record};
    std::string seen;
    bool ours = false;
    for (const facts::MxRecord& each : domain.mx.records) {
        ours = ours || each.exchange == expected.hostname;
        seen += fmt::format("{}{} {}.", seen.empty() ? "" : ", ", each.preference, each.exchange);
    }
    return {ours ? FindingId::MxOk : FindingId::MxElsewhere, subject, seen, record};
}

// What a mechanism of an SPF record (RFC 7208 §5) says of us, as far as it can be told from here.
enum class SpfMatch : std::uint8_t { No, Yes, Unclear };

SpfMatch match_mechanism(std::string_view mechanism, const Expected& expected,
                         const std::vector<IpAddress>& addresses, bool mx_is_ours)
{
    if (mechanism.starts_with('+')) mechanism.remove_prefix(1);
    const std::string_view name = mechanism.substr(0, mechanism.find_first_of(":=/"));
    const bool alone = name.size() == mechanism.size();
    const std::string_view value = alone ? std::string_view{} : mechanism.substr(name.size() + 1);
    if (name == "mx" && (alone || mechanism[name.size()] == '/'))
        return mx_is_ours ? SpfMatch::Yes : SpfMatch::No;
    if (name == "a" && !alone)
        return iequals(value, expected.hostname) ? SpfMatch::Yes : SpfMatch::Unclear;
    if (name == "ip4" || name == "ip6") {
        const auto network = Network::parse(value);
        const bool inside =
            network && std::any_of(addresses.begin(), addresses.end(),
                                   [&](const IpAddress& each) { return network->contains(each); });
        return inside ? SpfMatch::Yes : SpfMatch::No;
    }
    if (mechanism == "all") return SpfMatch::Yes;
    const bool leads_on = name == "include" || name == "redirect" || name == "a" || name == "mx" ||
                          name == "exists" || name == "ptr";
    return leads_on ? SpfMatch::Unclear : SpfMatch::No;
}

FindingId judge_spf_text(std::string_view text, const Expected& expected,
                         const std::vector<IpAddress>& addresses, bool mx_is_ours)
{
    FindingId id = FindingId::SpfOther;
    for (const std::string_view term : split(text, ' ')) {
        const std::string mechanism = to_lower(term);
        const auto match = match_mechanism(mechanism, expected, addresses, mx_is_ours);
        if (match == SpfMatch::Yes) return FindingId::SpfOk;
        if (match == SpfMatch::Unclear) id = FindingId::SpfUnclear;
    }
    return id;
}

std::vector<std::string> texts_of(const facts::TextAnswer& answer, std::string_view version)
{
    std::vector<std::string> found;
    for (const std::string& each : answer.texts) {
        const bool fits = istarts_with(each, version) &&
                          (each.size() == version.size() || each[version.size()] == ' ' ||
                           each[version.size()] == ';');
        if (fits) found.push_back(each);
    }
    return found;
}

Finding judge_spf(const Expected& expected, const NetworkFacts& facts, const DomainFacts& domain,
                  bool mx_is_ours)
{
    const std::string subject = domain.name + " SPF";
    const std::string record =
        fmt::format("{}. TXT \"v=spf1 {} -all\"", domain.name, "a:" + expected.hostname);
    if (domain.texts.status == DnsStatus::Failed) return dns_failed(subject, domain.texts, record);
    const auto records = texts_of(domain.texts, "v=spf1");
    if (records.empty()) return {FindingId::SpfMissing, subject, "no SPF record", record};
    if (records.size() > 1)
        return {FindingId::SpfSeveral, subject, std::to_string(records.size()) + " SPF records",
                record};
    std::vector<IpAddress> addresses = wanted_addresses(expected, facts);
    addresses.insert(addresses.end(), facts.host.addresses.begin(), facts.host.addresses.end());
    return {judge_spf_text(records[0], expected, addresses, mx_is_ours), subject,
            quoted_text(records[0]), record};
}

// Whether one of the policy's "mx" patterns matches the host (RFC 8461 §4.1).
bool policy_names(const std::string& policy, const std::string& hostname)
{
    bool is_policy = false;
    bool names = false;
    for (std::string_view line : split(policy, '\n')) {
        if (line.ends_with('\r')) line.remove_suffix(1);
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        const std::string_view key = trim(line.substr(0, colon));
        const std::string value = to_lower(trim(line.substr(colon + 1)));
        if (key == "version") is_policy = value == "stsv1";
        if (key != "mx") continue;
        const auto dot = hostname.find('.');
        names = names || value == hostname ||
                (value.starts_with("*.") && dot != std::string::npos &&
                 hostname.substr(dot) == value.substr(1));
    }
    return is_policy && names;
}

Finding judge_sts(const Expected& expected, const DomainFacts& domain)
{
    const std::string subject = domain.name + " MTA-STS";
    std::string id;
    for (const char c : format_rfc3339(expected.now).substr(0, 19))
        if (c >= '0' && c <= '9') id += c;
    const std::string record = fmt::format("_mta-sts.{}. TXT \"v=STSv1; id={}\"", domain.name, id);
    if (domain.sts.status == DnsStatus::Failed) return dns_failed(subject, domain.sts, record);
    const auto records = texts_of(domain.sts, "v=STSv1");
    if (records.size() != 1)
        return {FindingId::StsMissing, subject,
                records.empty() ? "no record" : "several records, which are invalid together",
                record};
    const std::string url = "https://mta-sts." + domain.name + "/.well-known/mta-sts.txt";
    if (!domain.policy.fetched) return {FindingId::StsUnreachable, subject, domain.policy.why, url};
    if (!policy_names(domain.policy.body, expected.hostname))
        return {FindingId::StsOther, subject, printable(domain.policy.body, 300),
                "mx: " + expected.hostname};
    return {FindingId::StsOk, subject, quoted_text(records[0]), {}};
}

Finding judge_reports(const Expected& expected, const DomainFacts& domain)
{
    const std::string subject = domain.name + " TLSRPT";
    const std::string record = fmt::format("_smtp._tls.{}. TXT \"v=TLSRPTv1; rua=mailto:{}\"",
                                           domain.name, expected.postmaster);
    if (domain.reports.status == DnsStatus::Failed)
        return dns_failed(subject, domain.reports, record);
    const auto records = texts_of(domain.reports, "v=TLSRPTv1");
    if (records.size() != 1) return {FindingId::ReportsMissing, subject, "no record", record};
    return {FindingId::ReportsOk, subject, quoted_text(records[0]), {}};
}

}  // namespace

Findings judge_machine(const Expected& /*expected*/, const NetworkFacts& facts)
{
    return {judge_clock(facts.clock), judge_resolver(facts.validation),
            judge_outbound(facts.outbound)};
}

Findings judge_host(const Expected& expected, const NetworkFacts& facts)
{
    Findings findings{judge_host_name(expected, facts)};
    for (const AddressFacts& each : facts.addresses) {
        if (is_public(each.address)) findings.push_back(judge_reverse(expected, each));
        findings.push_back(judge_inbound(expected, each));
    }
    return findings;
}

Finding judge_certificate(const Expected& expected, const CertificateState& state)
{
    const std::string subject = "certificate";
    if (!state.certificate) {
        if (expected.certificate == CertificateKind::SelfSigned)
            return {FindingId::CertificateSelfSigned, subject, "generated at the first start"};
        const bool waits = expected.certificate == CertificateKind::Acme;
        return {waits ? FindingId::CertificateWaiting : FindingId::CertificateUnusable, subject,
                state.why};
    }
    const facts::CertificateFacts& seen = *state.certificate;
    const std::string words =
        fmt::format("for {}, issued by {}, until {}", join(seen.dns_names, ", "), seen.issuer,
                    format_rfc3339(seen.not_after).substr(0, 10));
    if (expected.now >= seen.not_after || expected.now < seen.not_before)
        return {FindingId::CertificateTime, subject, words};
    if (!names_host(seen, expected.hostname))
        return {FindingId::CertificateName, subject, words, expected.hostname};
    const bool made_here = expected.certificate == CertificateKind::SelfSigned;
    return {made_here ? FindingId::CertificateSelfSigned : FindingId::CertificateOk, subject,
            words};
}

Finding judge_tlsa(const Expected& expected, const NetworkFacts& facts,
                   const facts::CertificateFacts& certificate)
{
    const std::string subject = expected.hostname + " TLSA";
    const std::string record =
        fmt::format("_25._tcp.{}. TLSA 3 1 1 {}", expected.hostname, certificate.spki_sha256);
    const facts::TlsaAnswer& answer = facts.tlsa;
    if (answer.status == DnsStatus::Failed) return dns_failed(subject, answer, record);
    if (facts.host.status == DnsStatus::Failed) return dns_failed(subject, facts.host, record);
    if (facts.host.security != DnsSecurity::Secure || answer.security != DnsSecurity::Secure)
        return {FindingId::TlsaUnsigned, subject, "the zone is not signed", record};
    if (answer.status != DnsStatus::Found)
        return {FindingId::TlsaMissing, subject, "no TLSA record", record};
    bool unclear = false;
    std::string seen;
    for (const facts::TlsaRecord& each : answer.records) {
        const std::string data = to_hex(each.data);
        seen += fmt::format("{}{} {} {} {}", seen.empty() ? "" : ", ", each.usage, each.selector,
                            each.matching, printable(data, 80));
        const bool is_leaf = each.usage == 3 && each.matching == 1;
        if (is_leaf && ((each.selector == 1 && data == certificate.spki_sha256) ||
                        (each.selector == 0 && data == certificate.sha256)))
            return {FindingId::TlsaOk, subject, seen, record};
        unclear = unclear || each.usage == 2 || each.matching != 1;
    }
    return {unclear ? FindingId::TlsaUnclear : FindingId::TlsaStale, subject, seen, record};
}

Findings judge_domain(const Expected& expected, const NetworkFacts& facts,
                      const DomainFacts& domain)
{
    Finding mx = judge_mx(expected, domain);
    const bool ours = mx.id == FindingId::MxOk;
    return {std::move(mx), judge_spf(expected, facts, domain, ours), judge_sts(expected, domain),
            judge_reports(expected, domain)};
}

std::string format_sts_policy(const std::string& hostname)
{
    return fmt::format("version: STSv1\nmode: testing\nmx: {}\nmax_age: 604800\n", hostname);
}

}  // namespace hermetic::setup
