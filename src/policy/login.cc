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

bool may_log_in(const TlsDecision& decision, Credentials credentials,
                const std::optional<facts::TlsEvidence>& evidence)
{
    const TlsPolicy& policy = decision.lasting   ? *decision.lasting
                              : decision.audited ? *decision.audited
                                                 : decision.policy;
    const bool connects = decision.skip == Reason::None && decision.audited_skip == Reason::None &&
                          decision.lasting_skip == Reason::None &&
                          credentials == Credentials::Complete;
    const bool strong = evidence && evidence->weakness == facts::Weakness::None;
    return connects && strong && !policy.allows_clear() && proves_host(policy) &&
           judge_evidence(policy, *evidence).passes;
}

}  // namespace hermetic::policy
