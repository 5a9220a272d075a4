#include "core/assert.h"
#include "policy/tls_policy.h"

#include <algorithm>

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

bool has_name(const TlsPolicy& policy, const facts::TlsEvidence& evidence)
{
    if (policy.domain) {
        return !evidence.chain.empty() &&
               std::ranges::any_of(evidence.chain.front().dns_names, [&](const auto& dns_name) {
                   return is_at_or_below(dns_name, policy.domain->text());
               });
    }
    return std::ranges::any_of(policy.names,
                               [&](const TlsName& name) { return has_name(name, evidence); });
}

// Where an audited connector has CAs of its own, `verdict` is by those.
const facts::ChainVerdict& chain_verdict(const TlsPolicy& policy,
                                         const facts::TlsEvidence& evidence)
{
    return policy.ca.empty() && evidence.system_verdict ? *evidence.system_verdict
                                                        : evidence.verdict;
}

std::string_view why_unverified(const facts::TlsEvidence& evidence)
{
    switch (evidence.revocation) {
    case facts::Revocation::Revoked:
        return "tls.revoked";
    case facts::Revocation::StapleMissing:
        return "tls.staple-missing";
    case facts::Revocation::Unknown:
    case facts::Revocation::Good:
        return "tls.chain-not-verified";
    }
    unreachable("every Revocation is named above");
}

std::string_view reason_of(facts::Weakness weakness)
{
    switch (weakness) {
    case facts::Weakness::None:
        return {};
    case facts::Weakness::Signature:
        return "tls.weak-signature";
    case facts::Weakness::Group:
        return "tls.weak-group";
    case facts::Weakness::Renegotiation:
        return "tls.no-secure-renegotiation";
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
        return {true, "dane.matched"};
    case facts::TlsaVerdict::Expired:
        return {false, "dane.certificate-expired"};
    case facts::TlsaVerdict::HostMismatch:
        return {false, "dane.certificate-host-mismatch"};
    case facts::TlsaVerdict::ChainInvalid:
        return {false, "dane.chain-invalid"};
    case facts::TlsaVerdict::NotChecked:
    case facts::TlsaVerdict::Mismatch:
        return {false, "dane.tlsa-mismatch"};
    }
    unreachable("every TlsaVerdict is judged above");
}

}  // namespace

EvidenceVerdict judge_evidence(const TlsPolicy& policy, const facts::TlsEvidence& evidence)
{
    using State = facts::ChainVerdict::State;
    // The handshake was limited to these versions; that it kept to them is asked all the same.
    if (evidence.version < policy.min) return {false, "tls.version-below-floor"};
    if (evidence.weakness != facts::Weakness::None && !policy.takes_weak_handshakes())
        return {false, reason_of(evidence.weakness)};
    if (policy.tlsa != nullptr) {
        const auto verdict = judge_tlsa(evidence.tlsa);
        if (!verdict.passes) return verdict;
    }
    const bool verified = chain_verdict(policy, evidence).state == State::Verified;
    if (policy.chain && !verified) return {false, why_unverified(evidence)};
    if (!has_pin(policy, evidence)) return {false, "tls.pin-mismatch"};
    const bool names_asked = !policy.names.empty() || policy.own_name || policy.domain;
    if (names_asked && !has_name(policy, evidence)) return {false, "tls.name-mismatch"};
    if (policy.sts_name) {
        const auto& system = evidence.system_verdict.value_or(evidence.verdict);
        if (system.state != State::Verified) return {false, "sts.chain-not-verified"};
        if (!has_name(*policy.sts_name, evidence)) return {false, "sts.name-mismatch"};
    }
    if (policy.tlsa != nullptr) return {true, "dane.matched"};
    if (!verified) return {true, why_unverified(evidence)};
    if (names_asked || policy.sts_name) return {true, "tls.verified"};
    return {true, evidence.name_matches ? "tls.verified" : "tls.name-mismatch"};
}

EvidenceVerdict judge_connection(const TlsPolicy& policy,
                                 const std::optional<facts::TlsEvidence>& evidence)
{
    if (evidence) return judge_evidence(policy, *evidence);
    return {policy.allows_clear(), policy.allows_clear() ? std::string_view{} : "tls.required"};
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

}  // namespace hermetic::policy
