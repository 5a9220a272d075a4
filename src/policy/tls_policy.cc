#include "policy/tls_policy.h"

#include "core/assert.h"

namespace hermetic::policy {

std::string_view name(TlsLevel level)
{
    switch (level) {
    case TlsLevel::None:
        return "none";
    case TlsLevel::Opportunistic:
        return "opportunistic";
    case TlsLevel::Encrypt:
        return "encrypt";
    case TlsLevel::VerifyCa:
        return "verify_ca";
    case TlsLevel::VerifyName:
        return "verify_name";
    }
    unreachable("every TlsLevel is named above");
}

std::string TlsPolicy::digest() const
{
    std::string text{name(level)};
    text += ' ';
    text += facts::format_version(min);
    text += ' ';
    text += facts::format_version(max);
    return text;
}

TlsDecision decide_tls(const TlsInputs& inputs)
{
    TlsDecision decision;
    decision.policy = {inputs.base, inputs.min, inputs.max};
    decision.reasons.emplace_back("tls.organization-level");
    if (inputs.hop == HopKind::LocalSocket) {
        // It never leaves the machine: there is nobody to encrypt it against.
        decision.policy.level = TlsLevel::None;
        decision.reasons.emplace_back("tls.local-socket");
    }
    return decision;
}

EvidenceVerdict judge_evidence(const TlsPolicy& policy, const facts::TlsEvidence& evidence)
{
    // The handshake was limited to these versions; that it kept to them is asked all the same.
    if (evidence.version < policy.min) return {false, "tls.version-below-floor"};
    const bool verified = evidence.verdict.state == facts::ChainVerdict::State::Verified;
    const bool named = verified && evidence.name_matches;
    if (policy.level == TlsLevel::VerifyName && !named) {
        return {false, verified ? "tls.name-mismatch" : "tls.chain-not-verified"};
    }
    if (policy.level == TlsLevel::VerifyCa && !verified) return {false, "tls.chain-not-verified"};
    if (named) return {true, "tls.verified"};
    return {true, verified ? "tls.name-mismatch" : "tls.chain-not-verified"};
}

}  // namespace hermetic::policy
