#include "policy/tls_policy.h"

#include "core/assert.h"
#include "facts/reasons.h"
#include "policy/login.h"

#include <algorithm>

namespace hermetic::policy {
namespace {

using objects::ConnectorMode;
using objects::Publication;
using objects::TlsSettings;

// Whether an exception that holds is heeded: logins need what would be without it.
enum class Exceptions : std::uint8_t { Heeded, Ignored };

// Grows the decision, source by source.
class Decider {
public:
    // `mode`: the connector's, or another one that is only asked about.
    Decider(const TlsInputs& inputs, ConnectorMode mode, Exceptions exceptions)
        : inputs_{inputs}, mode_{mode}, exceptions_{exceptions}
    {
        decision_.sources.reserve(8);
        if (settings() != nullptr && exceptions == Exceptions::Heeded)
            exception_ = objects::exception_at(*settings(), inputs.now);
    }

    TlsDecision run();

private:
    void begin();
    void take_base();
    void add_settings();
    void add_demands();
    void add_names();
    void add_implicit_tls();
    [[nodiscard]] const TlsSettings* settings() const;
    void take(const TlsSettings& tls);
    void audit(const TlsSettings& tls);
    [[nodiscard]] TlsPolicy lasting(const TlsSettings& tls) const;
    void add_rule();
    void add_message();
    void add_lifting();
    [[nodiscard]] bool asks_for_dane() const;
    void add_dane();
    void add_sts();
    void add_requiretls();
    void add_ratchet();
    void add_retirement();
    void require_base();
    void require(TlsLevel level, Reason id);
    void skip(Reason why);
    void say(Reason id, TlsLevel level = TlsLevel::None,
             facts::TlsVersion min = facts::TlsVersion::None, bool counted = true);

    const TlsInputs& inputs_;
    ConnectorMode mode_;
    Exceptions exceptions_;
    const objects::TlsException* exception_ = nullptr;  // that holds
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

// What lasts is never below the organization.
TlsPolicy at_least(TlsPolicy policy, const objects::Organization& organization)
{
    policy.level = std::max(policy.level, organization.tls);
    policy.min = std::max(policy.min, organization.min_tls);
    policy.max = std::max(policy.max, policy.min);
    return policy;
}

// What a domain publishes is not left unheeded for good.
Publication lasting(Publication value)
{
    return value == Publication::None ? Publication::Opportunistic : value;
}

Publication weaker_of(Publication one, Publication other)
{
    for (const Publication each : {Publication::None, Publication::Opportunistic}) {
        if (one == each || other == each) return each;
    }
    return Publication::Mandatory;
}

// What an exception's level does not use is suspended.
TlsPolicy with_exception(TlsPolicy policy, const objects::TlsException& exception)
{
    policy.level = std::min(policy.level, exception.level.value_or(policy.level));
    policy.min = std::min(policy.min, exception.min.value_or(policy.min));
    policy.compatibility = exception.compatibility;
    if (policy.level < TlsLevel::VerifyName) policy.names.clear();
    if (policy.level < TlsLevel::VerifyCa) policy.ca.clear();
    if (policy.level < TlsLevel::Encrypt) policy.pins.clear();
    return policy;
}

// Specification §3.1: a configured host proves itself by its own name, one that a proved MX answer
// or an MTA-STS policy names by that; for any other nothing says that it is the domain's but a name
// of the domain. An address literal has no name at all.
Reason name_peer(TlsPolicy& policy, const HopFacts& hop)
{
    // TLSA records prove what they prove; names go with a chain that is verified.
    const bool wanted = policy.level == TlsLevel::VerifyName ||
                        (policy.level == TlsLevel::Dane && !policy.names.empty());
    policy.chain = policy.level == TlsLevel::VerifyCa || wanted ||
                   (policy.level == TlsLevel::Dane && !policy.ca.empty());
    if (!wanted) {
        policy.names.clear();
        return Reason::None;
    }
    if (!policy.names.empty()) return Reason::TlsNamesOfConnector;
    const bool listed = hop.sts_lists_host && hop.sts == StsMode::Enforce;
    const bool secure = hop.mx_security == facts::DnsSecurity::Secure;
    if (hop.configured || secure || listed) {
        policy.own_name = true;
        if (auto name = TlsName::parse(hop.host)) policy.names.push_back(*std::move(name));
        if (hop.configured) return Reason::TlsNameOfNextHop;
        return secure ? Reason::TlsNameOfSecureMx : Reason::TlsNameOfListedMx;
    }
    policy.domain = mail::Domain::parse(hop.domain);
    // A name is asked for that nothing has: no certificate passes.
    if (!policy.domain) policy.own_name = true;
    return hop.domain.starts_with('[') ? Reason::TlsLiteralWithoutName : Reason::TlsNameOfDomain;
}

TlsDecision Decider::run()
{
    begin();
    if (inputs_.hop.kind == HopKind::LocalSocket) {
        // It never leaves the machine: there is nobody to encrypt it against.
        decision_.policy.level = TlsLevel::None;
        say(Reason::TlsLocalSocket);
        return std::move(decision_);
    }
    take_base();
    add_settings();
    require_base();
    if (inputs_.hop.kind == HopKind::Loopback) {
        // Nor here: only what its own settings say counts, and what it has always had.
        add_names();
        if (asks_for_dane()) add_dane();
        if (sts_ == Publication::Mandatory) add_sts();
        add_lifting();
        add_ratchet();
        add_retirement();
    } else {
        add_demands();
    }
    add_implicit_tls();
    auto& policy = decision_.policy;
    policy.max = std::max(policy.max, policy.min);
    if (policy.level != TlsLevel::Encrypt) policy.compatibility = objects::Compatibility::Normal;
    return std::move(decision_);
}

void Decider::add_demands()
{
    add_rule();
    add_message();
    add_lifting();
    add_names();
    add_dane();
    add_sts();
    add_requiretls();
    add_ratchet();
    add_retirement();
}

// Specification §4.3: it never becomes clear text.
void Decider::add_implicit_tls()
{
    if (!inputs_.hop.implicit_tls) return;
    auto& policy = decision_.policy;
    const bool added = policy.allows_clear();
    policy.level = std::max(policy.level, TlsLevel::Encrypt);
    say(Reason::TlsImplicit, TlsLevel::Encrypt, facts::TlsVersion::None, added);
}

void Decider::add_names()
{
    const auto why = name_peer(decision_.policy, inputs_.hop);
    if (why == Reason::TlsLiteralWithoutName) return skip(why);
    if (why != Reason::None) say(why);
}

void Decider::say(Reason id, TlsLevel level, facts::TlsVersion min, bool counted)
{
    if (counted) decision_.reasons.push_back(id);
    decision_.sources.push_back({id, level, min, counted});
}

// What is asked for the message, as against what our own next hops are held to anyway.
void Decider::require(TlsLevel level, Reason id)
{
    if (level < TlsLevel::Encrypt || level <= decision_.required) return;
    decision_.required = level;
    decision_.required_by = id;
}

void Decider::require_base()
{
    const auto* const connector = inputs_.connector;
    if (connector != nullptr && mode_ == ConnectorMode::Enforce) {
        const bool own = connector->tls.level || inputs_.hop.kind == HopKind::Loopback;
        require(decision_.policy.level,
                own ? Reason::TlsConnectorLevel : Reason::TlsOrganizationLevel);
    } else if (inputs_.hop.kind == HopKind::Network) {
        // Unless an exception of the accepted domain lifts it.
        require(std::min(inputs_.organization->tls, decision_.policy.level),
                Reason::TlsOrganizationLevel);
    }
}

// The first reason to leave the host alone stands. One that must not be used without a proof would
// not be used in clear.
void Decider::skip(Reason why)
{
    say(why);
    require(TlsLevel::Encrypt, why);
    if (decision_.skip == Reason::None) decision_.skip = why;
}

void Decider::begin()
{
    const objects::Organization& organization = *inputs_.organization;
    decision_.reasons.reserve(8);
    decision_.policy.level = organization.tls;
    decision_.policy.min = organization.min_tls;
    decision_.policy.max = organization.max_tls;
    decision_.policy.check_revocation = organization.revocation != objects::Revocation::Off;
    say(Reason::TlsOrganizationLevel, organization.tls, organization.min_tls);
}

const TlsSettings* Decider::settings() const
{
    return inputs_.connector != nullptr ? &inputs_.connector->tls : inputs_.next_hop;
}

// Specification §1: a next hop of an accepted domain is ours, not somebody's on the Internet; and
// what never leaves the machine needs no protection that its own settings do not ask for.
void Decider::take_base()
{
    auto& policy = decision_.policy;
    if (inputs_.hop.kind == HopKind::Loopback) {
        const bool proves = inputs_.connector != nullptr && objects::proves_peer(*settings());
        if (!proves) policy.level = TlsLevel::Opportunistic;
        return say(Reason::TlsLocalHop, policy.level);
    }
    if (!inputs_.hop.configured || inputs_.connector != nullptr) return;
    policy.level = TlsLevel::Encrypt;
    say(Reason::TlsNextHopLevel, policy.level);
}

void Decider::add_settings()
{
    if (settings() == nullptr || mode_ == ConnectorMode::Off) return;
    const TlsSettings& tls = *settings();
    if (mode_ == ConnectorMode::Audit) {
        audit(tls);
    } else {
        take(tls);
    }
    if (tls.exception && !objects::exception_at(tls, inputs_.now)) say(Reason::TlsExceptionEnded);
}

TlsPolicy Decider::lasting(const TlsSettings& tls) const
{
    TlsPolicy asked = with_connector(decision_.policy, tls);
    const bool local = inputs_.hop.kind != HopKind::Network;
    // An accepted domain's own next hop is ours: its level may be what holds unsaid.
    const bool own = inputs_.connector == nullptr && asked.level == TlsLevel::Encrypt;
    return local || own ? asked : at_least(std::move(asked), *inputs_.organization);
}

void Decider::take(const TlsSettings& tls)
{
    TlsPolicy asked = lasting(tls);
    dane_ = policy::lasting(tls.dane);
    sts_ = policy::lasting(tls.mta_sts);
    const bool counts = !(asked == decision_.policy);
    decision_.policy = std::move(asked);
    say(inputs_.connector != nullptr ? Reason::TlsConnectorLevel : Reason::TlsNextHopSettings,
        decision_.policy.level, decision_.policy.min, counts);
    if (exception_ == nullptr) return;
    decision_.policy = with_exception(std::move(decision_.policy), *exception_);
    dane_ = weaker_of(dane_, exception_->dane.value_or(dane_));
    sts_ = weaker_of(sts_, exception_->mta_sts.value_or(sts_));
    say(Reason::TlsException, decision_.policy.level, decision_.policy.min);
}

// The whole decision as enforcing would make it: what is recorded, and what a password waits for
// (policy/login.h), is never less than what enforcing would ask.
void Decider::audit(const TlsSettings& tls)
{
    // What asks for nothing of its own is not recorded; what DANE or MTA-STS ask for as well is.
    const bool asks = !(lasting(tls) == decision_.policy) || exception_ != nullptr ||
                      tls.dane != Publication::Opportunistic ||
                      tls.mta_sts != Publication::Opportunistic;
    if (!asks) return;
    TlsDecision enforced = Decider{inputs_, ConnectorMode::Enforce, exceptions_}.run();
    say(Reason::TlsConnectorAudited, enforced.policy.level, enforced.policy.min);
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
    say(Reason::TlsRuleLevel, rule.level, rule.min);
    require(rule.level, Reason::TlsRuleLevel);
}

// Specification §6.2: a notice about mail that required so much.
void Decider::add_message()
{
    const TlsLevel asked = inputs_.requests.level;
    if (asked == TlsLevel::None) return;
    auto& policy = decision_.policy;
    const bool added = policy.level < asked;
    policy.level = std::max(policy.level, asked);
    say(Reason::TlsMessageLevel, asked, facts::TlsVersion::None, added);
    require(asked, Reason::TlsMessageLevel);
}

// Specification §4.2; RFC 8689 §4.2.2. What it lifts says nothing of itself below.
void Decider::add_lifting()
{
    if (inputs_.requests.lifts()) say(Reason::TlsRequiredNo);
}

// The connector itself, whatever the domain publishes.
bool Decider::asks_for_dane() const
{
    return dane_ == Publication::Mandatory || decision_.policy.level == TlsLevel::Dane;
}

// Specification §4.7; RFC 7672 §2.
void Decider::add_dane()
{
    auto& policy = decision_.policy;
    const HopFacts& hop = inputs_.hop;
    const bool mandatory = asks_for_dane();
    if (dane_ == Publication::None) return say(Reason::DaneNotAsked);
    if (inputs_.requests.lifts() && !mandatory) return;
    if (hop.tlsa_status == TlsaStatus::Failed) return skip(Reason::DaneLookupFailed);
    const bool secure = hop.configured || hop.mx_security == facts::DnsSecurity::Secure;
    if (mandatory && !secure) return skip(Reason::DaneMandatoryInsecureMx);
    if (hop.tlsa_status == TlsaStatus::Usable && hop.tlsa != nullptr) {
        policy.tlsa = hop.tlsa;
        const bool added = policy.level < TlsLevel::Dane;
        policy.level = TlsLevel::Dane;
        const Reason id = secure ? Reason::DaneUsable : Reason::DaneUsableInsecureMx;
        require(TlsLevel::Dane, id);
        return say(id, TlsLevel::Dane, facts::TlsVersion::None, added || mandatory);
    }
    if (mandatory) return skip(Reason::DaneMandatoryMissing);
    if (hop.tlsa_status != TlsaStatus::Unusable) return;
    const bool added = policy.level < TlsLevel::Encrypt;
    policy.level = std::max(policy.level, TlsLevel::Encrypt);
    say(Reason::DaneUnusable, TlsLevel::Encrypt, facts::TlsVersion::None, added);
    require(TlsLevel::Encrypt, Reason::DaneUnusable);
}

// RFC 8461 §2 and §5. DANE takes the place of its checks, never of a connector's.
void Decider::add_sts()
{
    auto& policy = decision_.policy;
    const HopFacts& hop = inputs_.hop;
    if (sts_ == Publication::None) return say(Reason::StsNotAsked);
    const bool mandatory = sts_ == Publication::Mandatory;
    if (inputs_.requests.lifts() && !mandatory) return;
    if (hop.sts == StsMode::Testing && !mandatory) {
        return say(Reason::StsTesting, TlsLevel::VerifyName, facts::TlsVersion::Tls12, false);
    }
    if (hop.sts != StsMode::Enforce) {
        if (mandatory) skip(Reason::StsMandatoryMissing);
        return;
    }
    if (policy.tlsa != nullptr) return say(Reason::StsReplacedByDane);
    if (!hop.sts_lists_host) return skip(Reason::StsHostNotListed);
    policy.sts_name = TlsName::parse(hop.host);
    if (!policy.sts_name) return skip(Reason::StsHostNotListed);
    const bool added = policy.level < TlsLevel::VerifyName;
    policy.level = std::max(policy.level, TlsLevel::VerifyName);
    // RFC 8461 §4.2.
    policy.min = std::max(policy.min, facts::TlsVersion::Tls12);
    say(Reason::StsEnforced, TlsLevel::VerifyName, facts::TlsVersion::Tls12, added);
    require(TlsLevel::VerifyName, Reason::StsEnforced);
}

// RFC 8689 §4.2.1.
void Decider::add_requiretls()
{
    if (!inputs_.requests.requiretls) return;
    auto& policy = decision_.policy;
    const HopFacts& hop = inputs_.hop;
    policy.requiretls = true;
    const bool listed = hop.sts_lists_host && hop.sts == StsMode::Enforce;
    if (!hop.configured && !listed && hop.mx_security != facts::DnsSecurity::Secure)
        return skip(Reason::RequiretlsUnprovedHost);
    say(Reason::RequiretlsAsked, TlsLevel::VerifyName);
    require(TlsLevel::VerifyName, Reason::RequiretlsAsked);
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
    auto& policy = decision_.policy;
    // Every other level says for itself what it takes.
    if (inputs_.requests.lifts() || policy.level != TlsLevel::Opportunistic) return;
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
    say(Reason::RatchetHolds, level, seen.min, added);
}

// Specification §4.6: attempts are deferred, never sent in clear for it.
void Decider::add_retirement()
{
    if (!inputs_.retired_below || !decision_.policy.wants_tls()) return;
    auto& policy = decision_.policy;
    // An unexpired exception is exempt: its own floor asked for the old version.
    const bool exempt = exception_ != nullptr && exception_->min &&
                        *exception_->min < *inputs_.retired_below &&
                        mode_ == ConnectorMode::Enforce;
    if (exempt) return say(Reason::RetirementExempt);
    const bool added = policy.min < *inputs_.retired_below;
    if (added) {
        decision_.min_before_retirement = policy.min;
        policy.min = *inputs_.retired_below;
        if (!inputs_.retirement_over) policy.clear_after_failure = false;
    }
    say(inputs_.retirement_over ? Reason::RetirementEnded : Reason::RetirementShare, TlsLevel::None,
        *inputs_.retired_below, added);
}

}  // namespace

std::string server_name(const TlsDecision& decision, std::string_view host)
{
    if (decision.policy.tlsa != nullptr) return decision.policy.tlsa->base;
    if (!host.empty()) return std::string{host};
    const TlsPolicy& policy = login_policy(decision);
    const bool one = policy.names.size() == 1 && !policy.names.front().below;
    return one ? policy.names.front().domain.text() : std::string{};
}

HopKind hop_kind(const objects::NextHopHost& host)
{
    if (!host.unix_path.empty()) return HopKind::LocalSocket;
    return objects::is_local(host) ? HopKind::Loopback : HopKind::Network;
}

TlsDecision decide_tls(const TlsInputs& inputs)
{
    const auto* const connector = inputs.connector;
    const auto mode = connector != nullptr ? connector->tls.mode : ConnectorMode::Enforce;
    TlsDecision decision = Decider{inputs, mode, Exceptions::Heeded}.run();
    const bool logs_in = connector != nullptr && connector->tls.auth.has_value();
    if (!logs_in || objects::exception_at(connector->tls, inputs.now) == nullptr) return decision;
    TlsDecision without = Decider{inputs, mode, Exceptions::Ignored}.run();
    decision.lasting_skip = without.audited ? without.audited_skip : without.skip;
    decision.lasting = without.audited ? *std::move(without.audited) : std::move(without.policy);
    return decision;
}

Reason why_no_tls(const TlsDecision& decision)
{
    HERMETIC_ASSERT(!decision.policy.wants_tls());
    for (auto each = decision.sources.rbegin(); each != decision.sources.rend(); ++each) {
        switch (each->id) {
        case Reason::TlsLocalSocket:
        case Reason::TlsException:
        case Reason::TlsConnectorLevel:
        case Reason::TlsNextHopSettings:
        case Reason::TlsOrganizationLevel:
            if (each->level == TlsLevel::None) return each->id;
            break;
        default:
            break;
        }
    }
    return decision.reasons.back();
}

std::optional<mail::RequiredTls> required_tls(const TlsDecision& decision)
{
    if (decision.required < TlsLevel::Encrypt) return std::nullopt;
    return mail::RequiredTls{decision.required, std::string{facts::name(decision.required_by)}};
}

}  // namespace hermetic::policy
