// What a policy means once it is decided: which evidence satisfies it, and the digest by which it
// is distinguished from others.
#include "core/assert.h"
#include "facts/reasons.h"
#include "policy/tls_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <tuple>

namespace hermetic::policy {
namespace {

// The labels below the first one; empty where there is none.
std::string_view parent_of(std::string_view dns_name)
{
    const auto dot = dns_name.find('.');
    return dot == std::string_view::npos ? std::string_view{} : dns_name.substr(dot + 1);
}

bool is_at_or_below(std::string_view dns_name, std::string_view domain)
{
    // A star that is no label of its own makes it nobody's name, as in matches().
    const std::string_view rest = dns_name.starts_with("*.") ? dns_name.substr(2) : dns_name;
    if (rest.find('*') != std::string_view::npos) return false;
    if (dns_name == domain) return true;
    return dns_name.size() > domain.size() && dns_name.ends_with(domain) &&
           dns_name[dns_name.size() - domain.size() - 1] == '.';
}

bool has_name(const TlsName& name, const facts::TlsEvidence& evidence)
{
    return !evidence.chain.empty() &&
           std::ranges::any_of(evidence.chain.front().dns_names,
                               [&](const auto& dns_name) { return matches(name, dns_name); });
}

// Of those that stand for the host, MTA-STS apart.
bool is_name_of_host(const TlsPolicy& policy, std::string_view dns_name)
{
    if (policy.domain) return is_at_or_below(dns_name, policy.domain->text());
    return std::ranges::any_of(policy.names,
                               [&](const TlsName& name) { return matches(name, dns_name); });
}

bool has_name(const TlsPolicy& policy, const facts::TlsEvidence& evidence)
{
    return !evidence.chain.empty() &&
           std::ranges::any_of(evidence.chain.front().dns_names, [&](const auto& dns_name) {
               return is_name_of_host(policy, dns_name);
           });
}

// Where an audited connector has CAs of its own, `verdict` is by those.
const facts::ChainVerdict& chain_verdict(const TlsPolicy& policy,
                                         const facts::TlsEvidence& evidence)
{
    return policy.ca.empty() && evidence.system_verdict ? *evidence.system_verdict
                                                        : evidence.verdict;
}

// The one that MTA-STS asks for.
const facts::ChainVerdict& system_verdict(const facts::TlsEvidence& evidence)
{
    return evidence.system_verdict ? *evidence.system_verdict : evidence.verdict;
}

Reason why_unverified(const facts::ChainVerdict& verdict)
{
    using State = facts::ChainVerdict::State;
    if (verdict.state == State::NoCertificate) return Reason::TlsNoCertificate;
    switch (verdict.fault) {
    case facts::ChainFault::Expired:
        return Reason::TlsCertificateExpired;
    case facts::ChainFault::NotYetValid:
        return Reason::TlsCertificateNotYetValid;
    case facts::ChainFault::UnknownCa:
        return Reason::TlsUnknownCa;
    case facts::ChainFault::SelfSigned:
        return Reason::TlsSelfSigned;
    case facts::ChainFault::IncompleteChain:
        return Reason::TlsIncompleteChain;
    case facts::ChainFault::Revoked:
        return Reason::TlsRevoked;
    case facts::ChainFault::StapleMissing:
        return Reason::TlsStapleMissing;
    case facts::ChainFault::WeakKey:
        return Reason::TlsWeakKey;
    case facts::ChainFault::WeakSignature:
        return Reason::TlsWeakCertificateSignature;
    case facts::ChainFault::WrongPurpose:
        return Reason::TlsWrongPurpose;
    case facts::ChainFault::None:
    case facts::ChainFault::Other:
        return Reason::TlsChainNotVerified;
    }
    unreachable("every ChainFault is named above");
}

Reason judge_certificate(const facts::TlsEvidence& evidence, const facts::ChainVerdict& chain)
{
    if (chain.state != facts::ChainVerdict::State::Verified) return why_unverified(chain);
    return evidence.name_matches ? Reason::TlsVerified : Reason::TlsNameMismatch;
}

Reason reason_of(facts::Weakness weakness)
{
    switch (weakness) {
    case facts::Weakness::None:
        return {};
    case facts::Weakness::Signature:
        return Reason::TlsWeakSignature;
    case facts::Weakness::Group:
        return Reason::TlsWeakGroup;
    case facts::Weakness::Renegotiation:
        return Reason::TlsNoSecureRenegotiation;
    }
    unreachable("every Weakness is named above");
}

// Of the leaf; or of a CA, where the chain is a verified one.
bool has_pin(const TlsPolicy& policy, const facts::TlsEvidence& evidence)
{
    if (policy.pins.empty()) return true;
    const auto pinned = [&](const std::string& spki) {
        return std::ranges::find(policy.pins, spki) != policy.pins.end();
    };
    if (!evidence.chain.empty() && pinned(evidence.chain.front().spki_sha256)) return true;
    const bool verified =
        chain_verdict(policy, evidence).state == facts::ChainVerdict::State::Verified;
    return policy.chain && verified && std::ranges::any_of(evidence.verified_spki, pinned);
}

// Reasons with RFC 8460's names (§4.3).
EvidenceVerdict judge_tlsa(facts::TlsaVerdict verdict)
{
    switch (verdict) {
    case facts::TlsaVerdict::Matched:
        return {true, Reason::DaneMatched};
    case facts::TlsaVerdict::Expired:
        return {false, Reason::DaneCertificateExpired};
    case facts::TlsaVerdict::HostMismatch:
        return {false, Reason::DaneCertificateHostMismatch};
    case facts::TlsaVerdict::ChainInvalid:
        return {false, Reason::DaneChainInvalid};
    case facts::TlsaVerdict::NotChecked:
    case facts::TlsaVerdict::Mismatch:
        return {false, Reason::DaneTlsaMismatch};
    }
    unreachable("every TlsaVerdict is judged above");
}

// The set of records in a connection's key.
std::string describe(const TlsaSet& set)
{
    std::string text = set.base;
    for (const facts::TlsaRecord& each : set.records) {
        text += fmt::format(":{} {} {} ", each.usage, each.selector, each.matching);
        for (const char octet : each.data)
            text += fmt::format("{:02x}", static_cast<unsigned char>(octet));
    }
    for (const std::string& each : set.names) text.append(":").append(each);
    return text;
}

}  // namespace

bool is_asked_for(const TlsPolicy& policy, std::string_view dns_name)
{
    return is_name_of_host(policy, dns_name) ||
           (policy.sts_name && matches(*policy.sts_name, dns_name));
}

EvidenceVerdict judge_evidence(const TlsPolicy& policy, const facts::TlsEvidence& evidence)
{
    using State = facts::ChainVerdict::State;
    // The handshake was limited to these versions; that it kept to them is asked all the same.
    if (evidence.version < policy.min) return {false, Reason::TlsVersionBelowFloor};
    if (evidence.weakness != facts::Weakness::None && !policy.takes_weak_handshakes())
        return {false, reason_of(evidence.weakness)};
    if (policy.tlsa != nullptr) {
        const auto verdict = judge_tlsa(evidence.tlsa);
        if (!verdict.passes) return verdict;
    }
    const facts::ChainVerdict& chain = chain_verdict(policy, evidence);
    const bool verified = chain.state == State::Verified;
    if (policy.chain && !verified) return {false, why_unverified(chain)};
    if (!has_pin(policy, evidence)) return {false, Reason::TlsPinMismatch};
    const bool names_asked = !policy.names.empty() || policy.own_name || policy.domain;
    if (names_asked && !has_name(policy, evidence)) return {false, Reason::TlsNameMismatch};
    if (policy.sts_name) {
        const auto& system = system_verdict(evidence);
        if (system.state != State::Verified) return {false, why_unverified(system)};
        if (!has_name(*policy.sts_name, evidence)) return {false, Reason::StsNameMismatch};
    }
    if (policy.tlsa != nullptr) return {true, Reason::DaneMatched};
    if (verified && (names_asked || policy.sts_name)) return {true, Reason::TlsVerified};
    return {true, judge_certificate(evidence, chain)};
}

Reason judge_certificate(const facts::TlsEvidence& evidence)
{
    return judge_certificate(evidence, evidence.verdict);
}

EvidenceVerdict judge_connection(const TlsPolicy& policy,
                                 const std::optional<facts::TlsEvidence>& evidence)
{
    if (evidence) return judge_evidence(policy, *evidence);
    return {policy.allows_clear(), policy.allows_clear() ? Reason::None : Reason::TlsRequired};
}

bool matches(const TlsName& name, std::string_view dns_name)
{
    const std::string& domain = name.domain.text();
    if (dns_name.starts_with("*.")) {
        const std::string_view rest = dns_name.substr(2);
        // A wildcard in front of one label only would stand for a whole top-level domain.
        if (rest.find('.') == std::string_view::npos) return false;
        return rest == (name.below ? std::string_view{domain} : parent_of(domain));
    }
    if (dns_name.find('*') != std::string_view::npos) return false;
    return name.below ? parent_of(dns_name) == domain && !dns_name.starts_with('.')
                      : dns_name == domain;
}

std::string TlsPolicy::digest() const
{
    std::string text{name(level)};
    text += ' ';
    text += facts::format_version(min);
    text += ' ';
    text += facts::format_version(max);
    if (chain) text += " chain";
    if (!ca.empty()) text.append(" ca=").append(ca);
    for (const TlsName& each : names) text.append(" name=").append(each.format());
    if (own_name) text += " own-name";
    if (domain) text.append(" domain=").append(domain->text());
    if (sts_name) text.append(" sts=").append(sts_name->format());
    for (const std::string& pin : pins) text.append(" pin=").append(pin);
    if (tlsa != nullptr) text.append(" tlsa=").append(describe(*tlsa));
    if (!clear_after_failure) text += " no-clear-after-failure";
    if (requiretls) text += " requiretls";
    if (!client_certificate.empty()) text.append(" client=").append(client_certificate);
    if (!check_revocation) text += " no-revocation";
    if (compatibility == objects::Compatibility::Weak) text += " weak";
    return text;
}

bool TlsPolicy::operator==(const TlsPolicy& other) const
{
    const auto rest = [](const TlsPolicy& of) {
        return std::tie(of.level, of.min, of.max, of.chain, of.ca, of.names, of.own_name, of.domain,
                        of.sts_name, of.pins, of.clear_after_failure, of.requiretls,
                        of.client_certificate, of.check_revocation, of.compatibility);
    };
    if (rest(*this) != rest(other)) return false;
    if (tlsa == other.tlsa) return true;
    return tlsa != nullptr && other.tlsa != nullptr && describe(*tlsa) == describe(*other.tlsa);
}

}  // namespace hermetic::policy
