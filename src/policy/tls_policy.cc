#include "policy/tls_policy.h"

#include <algorithm>

namespace hermetic::policy {
namespace {

using objects::ConnectorMode;
using objects::TlsSettings;

// The labels below the first one; empty where there is none.
std::string_view parent_of(std::string_view dns_name)
{
    const auto dot = dns_name.find('.');
    return dot == std::string_view::npos ? std::string_view{} : dns_name.substr(dot + 1);
}

bool is_at_or_below(std::string_view dns_name, std::string_view domain)
{
    if (dns_name == domain) return true;
    return dns_name.size() > domain.size() && dns_name.ends_with(domain) &&
           dns_name[dns_name.size() - domain.size() - 1] == '.';
}

bool is_exception(const objects::Organization& organization, const TlsSettings& tls)
{
    return tls.level.value_or(organization.tls) < organization.tls ||
           tls.min.value_or(organization.min_tls) < organization.min_tls;
}

// What a connector's settings ask for on top of the organization's.
TlsPolicy with_connector(TlsPolicy policy, const TlsSettings& tls)
{
    policy.level = tls.level.value_or(policy.level);
    policy.min = tls.min.value_or(policy.min);
    policy.max = tls.max.value_or(policy.max);
    policy.pins = tls.pins;
    policy.names = tls.names;
    return policy;
}

// The part of settings that an ended exception leaves: what is not weaker than the organization.
TlsPolicy at_least(TlsPolicy policy, const TlsPolicy& organization)
{
    policy.level = std::max(policy.level, organization.level);
    policy.min = std::max(policy.min, organization.min);
    policy.max = std::max(policy.max, policy.min);
    return policy;
}

// Specification §3.1: a configured host proves itself by its own name, one that a proved MX answer
// names by that; for any other nothing says that it is the domain's but a name of the domain.
std::string_view add_names(TlsPolicy& policy, const HopFacts& hop)
{
    if (policy.level != TlsLevel::VerifyName) {
        policy.names.clear();
        return {};
    }
    if (!policy.names.empty()) return "tls.names-of-connector";
    const bool proved = hop.configured || hop.mx_security == facts::DnsSecurity::Secure;
    if (proved && !hop.host.empty()) {
        if (auto name = TlsName::parse(hop.host)) policy.names.push_back(*std::move(name));
        return hop.configured ? "tls.name-of-next-hop" : "tls.name-of-secure-mx";
    }
    policy.domain = mail::Domain::parse(hop.domain);
    return "tls.name-of-domain";
}

bool has_name(const TlsPolicy& policy, const facts::TlsEvidence& evidence)
{
    if (evidence.chain.empty()) return false;
    return std::ranges::any_of(evidence.chain.front().dns_names, [&](const auto& dns_name) {
        if (policy.domain && is_at_or_below(dns_name, policy.domain->text())) return true;
        return std::ranges::any_of(policy.names,
                                   [&](const TlsName& name) { return matches(name, dns_name); });
    });
}

bool has_pin(const TlsPolicy& policy, const facts::TlsEvidence& evidence)
{
    if (policy.pins.empty()) return true;
    return !evidence.chain.empty() &&
           std::ranges::find(policy.pins, evidence.chain.front().spki_sha256) != policy.pins.end();
}

}  // namespace

std::string TlsPolicy::digest() const
{
    std::string text{name(level)};
    text += ' ';
    text += facts::format_version(min);
    text += ' ';
    text += facts::format_version(max);
    for (const TlsName& each : names) text.append(" name=").append(each.format());
    if (domain) text.append(" domain=").append(domain->text());
    for (const std::string& pin : pins) text.append(" pin=").append(pin);
    return text;
}

TlsDecision decide_tls(const TlsInputs& inputs)
{
    const objects::Organization& organization = *inputs.organization;
    TlsDecision decision;
    decision.policy.level = organization.tls;
    decision.policy.min = organization.min_tls;
    decision.policy.max = organization.max_tls;
    decision.reasons.emplace_back("tls.organization-level");
    if (inputs.hop.kind == HopKind::LocalSocket) {
        // It never leaves the machine: there is nobody to encrypt it against.
        decision.policy.level = TlsLevel::None;
        decision.reasons.emplace_back("tls.local-socket");
        return decision;
    }
    if (inputs.connector != nullptr && inputs.connector->tls.mode != ConnectorMode::Off) {
        const TlsSettings& tls = inputs.connector->tls;
        TlsPolicy asked = with_connector(decision.policy, tls);
        const bool ended =
            is_exception(organization, tls) && (!tls.valid_until || *tls.valid_until <= inputs.now);
        if (ended) asked = at_least(std::move(asked), decision.policy);
        const bool counts = asked != decision.policy;
        if (tls.mode == ConnectorMode::Audit) {
            if (counts) (void)add_names(asked, inputs.hop);
            if (counts) decision.audited = std::move(asked);
            if (counts) decision.reasons.emplace_back("tls.connector-audited");
        } else {
            decision.policy = std::move(asked);
            if (counts) decision.reasons.emplace_back("tls.connector-level");
        }
        if (ended) decision.reasons.emplace_back("tls.exception-ended");
    }
    const auto why = add_names(decision.policy, inputs.hop);
    if (!why.empty()) decision.reasons.push_back(why);
    return decision;
}

EvidenceVerdict judge_evidence(const TlsPolicy& policy, const facts::TlsEvidence& evidence)
{
    // The handshake was limited to these versions; that it kept to them is asked all the same.
    if (evidence.version < policy.min) return {false, "tls.version-below-floor"};
    if (!has_pin(policy, evidence)) return {false, "tls.pin-mismatch"};
    const bool verified = evidence.verdict.state == facts::ChainVerdict::State::Verified;
    if (policy.level >= TlsLevel::VerifyCa && !verified) return {false, "tls.chain-not-verified"};
    if (policy.level == TlsLevel::VerifyName) {
        if (!has_name(policy, evidence)) return {false, "tls.name-mismatch"};
        return {true, "tls.verified"};
    }
    if (!verified) return {true, "tls.chain-not-verified"};
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
