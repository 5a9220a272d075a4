#include "policy/tls_policy.h"

#include <algorithm>

namespace hermetic::policy {
namespace {

using objects::ConnectorMode;
using objects::Publication;
using objects::TlsSettings;

bool is_exception(const objects::Organization& organization, const TlsSettings& tls)
{
    return tls.level.value_or(organization.tls) < organization.tls ||
           tls.min.value_or(organization.min_tls) < organization.min_tls ||
           tls.dane == Publication::None || tls.mta_sts == Publication::None;
}

// Grows the decision, source by source.
class Decider {
public:
    // `mode`: the connector's, or another one that is only asked about.
    Decider(const TlsInputs& inputs, ConnectorMode mode) : inputs_{inputs}, mode_{mode}
    {
        decision_.sources.reserve(8);
    }

    TlsDecision run();

private:
    void begin();
    void add_connector();
    void take(const TlsSettings& tls, bool ended);
    void audit();
    void add_rule();
    void add_dane();
    void add_sts();
    void add_requiretls();
    void add_ratchet();
    void add_retirement();
    void skip(std::string_view why);
    void say(std::string_view id, TlsLevel level = TlsLevel::None,
             facts::TlsVersion min = facts::TlsVersion::None, bool counted = true);

    const TlsInputs& inputs_;
    ConnectorMode mode_;
    TlsDecision decision_;
    Publication dane_ = Publication::Opportunistic;
    Publication sts_ = Publication::Opportunistic;
};

// What a connector's settings ask for on top of the organization's.
TlsPolicy with_connector(TlsPolicy policy, const TlsSettings& tls)
{
    policy.level = tls.level.value_or(policy.level);
    policy.min = tls.min.value_or(policy.min);
    policy.max = tls.max.value_or(policy.max);
    policy.pins = tls.pins;
    policy.names = tls.names;
    policy.ca = tls.ca;
    policy.client_certificate = tls.client_certificate;
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
// or an MTA-STS policy names by that; for any other nothing says that it is the domain's but a name
// of the domain.
std::string_view add_names(TlsPolicy& policy, const HopFacts& hop)
{
    // TLSA records prove what they prove; names go with a chain that is verified.
    const bool wanted = policy.level == TlsLevel::VerifyName ||
                        (policy.level == TlsLevel::Dane && !policy.names.empty());
    policy.chain = policy.level == TlsLevel::VerifyCa || wanted ||
                   (policy.level == TlsLevel::Dane && !policy.ca.empty());
    if (!wanted) {
        policy.names.clear();
        return {};
    }
    if (!policy.names.empty()) return "tls.names-of-connector";
    const bool listed = hop.sts_lists_host && hop.sts == StsMode::Enforce;
    const bool secure = hop.mx_security == facts::DnsSecurity::Secure;
    if (hop.configured || secure || listed) {
        policy.own_name = true;
        if (auto name = TlsName::parse(hop.host)) policy.names.push_back(*std::move(name));
        if (hop.configured) return "tls.name-of-next-hop";
        return secure ? "tls.name-of-secure-mx" : "tls.name-of-listed-mx";
    }
    policy.domain = mail::Domain::parse(hop.domain);
    return "tls.name-of-domain";
}

TlsDecision Decider::run()
{
    begin();
    if (inputs_.hop.kind == HopKind::LocalSocket) {
        // It never leaves the machine: there is nobody to encrypt it against.
        decision_.policy.level = TlsLevel::None;
        say("tls.local-socket");
        return std::move(decision_);
    }
    add_connector();
    add_rule();
    const auto why = add_names(decision_.policy, inputs_.hop);
    if (!why.empty()) say(why);
    add_dane();
    add_sts();
    add_requiretls();
    add_ratchet();
    add_retirement();
    auto& policy = decision_.policy;
    policy.max = std::max(policy.max, policy.min);
    return std::move(decision_);
}

void Decider::say(std::string_view id, TlsLevel level, facts::TlsVersion min, bool counted)
{
    if (counted) decision_.reasons.push_back(id);
    decision_.sources.push_back({id, level, min, counted});
}

// The first reason to leave the host alone stands.
void Decider::skip(std::string_view why)
{
    say(why);
    if (decision_.skip.empty()) decision_.skip = why;
}

void Decider::begin()
{
    const objects::Organization& organization = *inputs_.organization;
    decision_.reasons.reserve(8);
    decision_.policy.level = organization.tls;
    decision_.policy.min = organization.min_tls;
    decision_.policy.max = organization.max_tls;
    decision_.policy.check_revocation = organization.revocation != objects::Revocation::Off;
    say("tls.organization-level", organization.tls, organization.min_tls);
}

void Decider::add_connector()
{
    if (inputs_.connector == nullptr || mode_ == ConnectorMode::Off) return;
    const TlsSettings& tls = inputs_.connector->tls;
    const bool ended = is_exception(*inputs_.organization, tls) &&
                       (!tls.valid_until || *tls.valid_until <= inputs_.now);
    if (mode_ == ConnectorMode::Audit) {
        audit();
    } else {
        take(tls, ended);
    }
    if (ended) say("tls.exception-ended");
}

void Decider::take(const TlsSettings& tls, bool ended)
{
    TlsPolicy asked = with_connector(decision_.policy, tls);
    if (ended) asked = at_least(std::move(asked), decision_.policy);
    dane_ = tls.dane;
    sts_ = tls.mta_sts;
    if (ended && dane_ == Publication::None) dane_ = Publication::Opportunistic;
    if (ended && sts_ == Publication::None) sts_ = Publication::Opportunistic;
    const bool counts = !(asked == decision_.policy);
    decision_.policy = std::move(asked);
    say("tls.connector-level", decision_.policy.level, decision_.policy.min, counts);
}

// The whole decision as enforcing would make it: what is recorded, and what a password waits for
// (policy/login.h), is never less than what enforcing would ask.
void Decider::audit()
{
    const TlsSettings& tls = inputs_.connector->tls;
    // What asks for nothing of its own is not recorded; what DANE or MTA-STS ask for as well is.
    const bool asks = !(with_connector(decision_.policy, tls) == decision_.policy) ||
                      tls.dane != Publication::Opportunistic ||
                      tls.mta_sts != Publication::Opportunistic;
    if (!asks) return;
    TlsDecision enforced = Decider{inputs_, ConnectorMode::Enforce}.run();
    say("tls.connector-audited", enforced.policy.level, enforced.policy.min);
    decision_.audited = std::move(enforced.policy);
    decision_.audited_skip = enforced.skip;
}

void Decider::add_rule()
{
    if (!inputs_.rule) return;
    auto& policy = decision_.policy;
    const RuleTls& rule = *inputs_.rule;
    policy.level = std::max(policy.level, rule.level);
    policy.min = std::max(policy.min, rule.min);
    // Names of both must pass; a connector's that are none of the rule's would never: the rule's
    // stand where it has any.
    if (!rule.names.empty()) policy.names = rule.names;
    say("tls.rule-level", rule.level, rule.min);
}

// Specification §4.7; RFC 7672 §2.
void Decider::add_dane()
{
    auto& policy = decision_.policy;
    const HopFacts& hop = inputs_.hop;
    const bool mandatory = dane_ == Publication::Mandatory || policy.level == TlsLevel::Dane;
    if (dane_ == Publication::None) return say("dane.not-asked");
    if (inputs_.wishes.tls_required_no && !inputs_.wishes.requiretls && !mandatory) return;
    if (hop.tlsa_status == TlsaStatus::Failed) return skip("dane.lookup-failed");
    const bool secure = hop.configured || hop.mx_security == facts::DnsSecurity::Secure;
    if (mandatory && !secure) return skip("dane.mandatory-insecure-mx");
    if (hop.tlsa_status == TlsaStatus::Usable && hop.tlsa != nullptr) {
        policy.tlsa = hop.tlsa;
        const bool added = policy.level < TlsLevel::Dane;
        policy.level = TlsLevel::Dane;
        return say(secure ? "dane.usable" : "dane.usable-insecure-mx", TlsLevel::Dane,
                   facts::TlsVersion::None, added || mandatory);
    }
    if (mandatory) return skip("dane.mandatory-missing");
    if (hop.tlsa_status != TlsaStatus::Unusable) return;
    const bool added = policy.level < TlsLevel::Encrypt;
    policy.level = std::max(policy.level, TlsLevel::Encrypt);
    say("dane.unusable", TlsLevel::Encrypt, facts::TlsVersion::None, added);
}

// RFC 8461 §2 and §5. DANE takes the place of its checks, never of a connector's.
void Decider::add_sts()
{
    auto& policy = decision_.policy;
    const HopFacts& hop = inputs_.hop;
    if (sts_ == Publication::None) return say("sts.not-asked");
    const bool mandatory = sts_ == Publication::Mandatory;
    const bool lifted = inputs_.wishes.tls_required_no && !inputs_.wishes.requiretls;
    if (lifted && !mandatory) return;
    if (hop.sts == StsMode::Testing && !mandatory) {
        return say("sts.testing", TlsLevel::VerifyName, facts::TlsVersion::Tls12, false);
    }
    if (hop.sts != StsMode::Enforce) {
        if (mandatory) skip("sts.mandatory-missing");
        return;
    }
    if (policy.tlsa != nullptr) return say("sts.replaced-by-dane");
    if (!hop.sts_lists_host) return skip("sts.host-not-listed");
    policy.sts_name = TlsName::parse(hop.host);
    if (!policy.sts_name) return skip("sts.host-not-listed");
    const bool added = policy.level < TlsLevel::VerifyName;
    policy.level = std::max(policy.level, TlsLevel::VerifyName);
    // RFC 8461 §4.2.
    policy.min = std::max(policy.min, facts::TlsVersion::Tls12);
    say("sts.enforced", TlsLevel::VerifyName, facts::TlsVersion::Tls12, added);
}

// RFC 8689 §4.2.1.
void Decider::add_requiretls()
{
    if (!inputs_.wishes.requiretls) return;
    auto& policy = decision_.policy;
    const HopFacts& hop = inputs_.hop;
    policy.requiretls = true;
    const bool listed = hop.sts_lists_host && hop.sts == StsMode::Enforce;
    if (!hop.configured && !listed && hop.mx_security != facts::DnsSecurity::Secure)
        return skip("requiretls.unproved-host");
    say("requiretls.asked", TlsLevel::VerifyName);
    if (policy.tlsa != nullptr || policy.sts_name) return;
    const bool named = policy.chain && (!policy.names.empty() || policy.domain);
    if (named) return;
    policy.level = std::max(policy.level, TlsLevel::VerifyName);
    policy.chain = true;
    policy.own_name = true;
    if (auto name = TlsName::parse(hop.host)) policy.names = {*std::move(name)};
}

// Specification §4.4.
void Decider::add_ratchet()
{
    if (!inputs_.ratchet) return;
    const bool lifted = inputs_.wishes.tls_required_no && !inputs_.wishes.requiretls;
    auto& policy = decision_.policy;
    // Every other level says for itself what it takes.
    if (lifted || policy.level != TlsLevel::Opportunistic) return;
    const Expectation& seen = *inputs_.ratchet;
    const TlsLevel level = seen.verified_name ? TlsLevel::VerifyName
                           : seen.tls         ? TlsLevel::Encrypt
                                              : TlsLevel::None;
    const bool added = policy.level < level || policy.min < seen.min;
    policy.level = std::max(policy.level, level);
    if (seen.verified_name) {
        // What was seen is a certificate with the host's own name, whoever named the host.
        policy.chain = true;
        policy.own_name = true;
        if (auto name = TlsName::parse(inputs_.hop.host)) policy.names = {*std::move(name)};
    }
    policy.min = std::max(policy.min, seen.min);
    say("ratchet.holds", level, seen.min, added);
}

// Specification §4.6: attempts are put off, never sent in clear for it.
void Decider::add_retirement()
{
    if (!inputs_.retired_below || !decision_.policy.wants_tls()) return;
    auto& policy = decision_.policy;
    // An unexpired exception is exempt: its own floor asked for the old version.
    const bool exempt = inputs_.connector != nullptr && inputs_.connector->tls.min &&
                        *inputs_.connector->tls.min < *inputs_.retired_below &&
                        mode_ == ConnectorMode::Enforce &&
                        inputs_.connector->tls.valid_until.value_or(WallTime{}) > inputs_.now;
    if (exempt) return say("retirement.exempt");
    const bool added = policy.min < *inputs_.retired_below;
    if (added) {
        decision_.min_before_retirement = policy.min;
        policy.min = *inputs_.retired_below;
        if (!inputs_.retirement_over) policy.clear_after_failure = false;
    }
    say(inputs_.retirement_over ? "retirement.ended" : "retirement.share", TlsLevel::None,
        *inputs_.retired_below, added);
}

}  // namespace

TlsDecision decide_tls(const TlsInputs& inputs)
{
    const auto* connector = inputs.connector;
    return Decider{inputs, connector != nullptr ? connector->tls.mode : ConnectorMode::Off}.run();
}

}  // namespace hermetic::policy
