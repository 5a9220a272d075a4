#include "validation/judge.h"

#include "facts/reasons.h"
#include "outbound/hop_inputs.h"
#include "outbound/io_outcome.h"
#include "policy/evidence_words.h"

namespace hermetic::validation {
namespace {

using policy::TlsLevel;
using End = Seen::End;
using facts::Reason;

// Why there is no session that a level could be measured by.
Reason why_no_tls(const AddressFindings& address)
{
    switch (address.seen.end) {
    case End::NotOffered:
        return Reason::StarttlsNotOffered;
    case End::Refused:
        return Reason::StarttlsRefused;
    case End::HandshakeFailed:
        return outbound::handshake_reason(*address.seen.failure);
    case End::Ready:
    case End::Failed:
        break;
    }
    return Reason::TlsRequired;
}

enum class Passes : std::uint8_t { No, InClear };

// Without a session in TLS.
LevelVerdict verdict_of(TlsLevel level, Passes passes, Reason reason)
{
    const bool clear = passes == Passes::InClear;
    return {level, clear, clear, reason, std::string{facts::describe(reason).words}};
}

LevelVerdict judge_level(TlsLevel level, const HostFindings& host, const AddressFindings& address,
                         WallTime now)
{
    objects::Organization organization;
    objects::OutboundConnector connector;
    connector.tls.level = level;
    auto& exception = connector.tls.exception.emplace();
    exception.valid_until = now + std::chrono::hours{1};
    exception.level = level;
    // What the domain publishes raises every level but the one for which it is switched off.
    const bool alone = level == TlsLevel::None;
    if (alone) exception.dane = exception.mta_sts = objects::Publication::None;
    policy::TlsInputs inputs;
    inputs.organization = &organization;
    inputs.connector = &connector;
    inputs.hop = host.hop();
    inputs.now = now;
    const auto decision = policy::decide_tls(inputs);
    if (decision.skip != Reason::None) return verdict_of(level, Passes::No, decision.skip);
    if (level == TlsLevel::None)
        return verdict_of(level, Passes::InClear, Reason::TlsConnectorLevel);
    const bool shaken = address.seen.end == End::Ready && address.seen.tls.has_value();
    if (shaken) {
        const auto verdict = policy::judge_evidence(decision.policy, *address.seen.tls);
        return {level, verdict.passes, false, verdict.reason,
                policy::describe_finding(verdict.reason, decision.policy, *address.seen.tls, now)};
    }
    const bool clear = decision.policy.allows_clear();
    const auto why = why_no_tls(address);
    if (!clear && address.evidence && address.evidence->version < decision.policy.min) {
        return verdict_of(level, Passes::No, Reason::TlsVersionBelowFloor);
    }
    return verdict_of(level, clear ? Passes::InClear : Passes::No, why);
}

}  // namespace

policy::HopFacts HostFindings::hop() const
{
    const outbound::MxFacts mx{domain, canonical_domain, mx_security};
    policy::HopFacts hop = outbound::hop_facts(host, mx, nullptr);
    hop.tlsa_status = tlsa_status;
    hop.tlsa = tlsa;
    return hop;
}

std::vector<LevelVerdict> judge_levels(const HostFindings& host, const AddressFindings& address,
                                       WallTime now)
{
    std::vector<LevelVerdict> verdicts;
    for (const auto level : {TlsLevel::None, TlsLevel::Opportunistic, TlsLevel::Encrypt,
                             TlsLevel::VerifyCa, TlsLevel::VerifyName, TlsLevel::Dane}) {
        verdicts.push_back(judge_level(level, host, address, now));
    }
    return verdicts;
}

}  // namespace hermetic::validation
