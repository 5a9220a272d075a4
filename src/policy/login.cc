#include "policy/login.h"

#include "facts/reasons.h"

namespace hermetic::policy {
namespace {

// That the chain is somebody's is not enough: whose it is must be.
bool proves_host(const TlsPolicy& policy)
{
    const bool names = !policy.names.empty() || policy.own_name || policy.domain;
    return (policy.chain && names) || policy.sts_name || policy.tlsa != nullptr ||
           !policy.pins.empty();
}

}  // namespace

const TlsPolicy& login_policy(const TlsDecision& decision)
{
    if (decision.lasting) return *decision.lasting;
    return decision.audited ? *decision.audited : decision.policy;
}

Reason why_no_login(const TlsDecision& decision, Credentials credentials,
                    const std::optional<facts::TlsEvidence>& evidence)
{
    for (const Reason skipped : {decision.skip, decision.audited_skip, decision.lasting_skip}) {
        if (skipped != Reason::None) return skipped;
    }
    if (credentials == Credentials::Missing) return Reason::AuthWithheld;
    TlsPolicy policy = login_policy(decision);
    if (!evidence || policy.allows_clear() || !proves_host(policy)) return Reason::AuthWithheld;
    policy.compatibility = objects::Compatibility::Normal;  // no password over a weak handshake
    const auto verdict = judge_evidence(policy, *evidence);
    return verdict.passes ? Reason::None : verdict.reason;
}

}  // namespace hermetic::policy
