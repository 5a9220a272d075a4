#include "policy/approval.h"

#include "facts/reasons.h"

#include <algorithm>

namespace hermetic::policy {

bool may_be_approved(const MessageRequests& requests)
{
    return !requests.requiretls;
}

TlsDecision decide_approved(const TlsInputs& inputs)
{
    if (!may_be_approved(inputs.requests)) return decide_tls(inputs);
    objects::Organization organization = *inputs.organization;
    organization.tls = std::min(organization.tls, TlsLevel::Opportunistic);
    TlsInputs lifted;
    lifted.organization = &organization;
    lifted.hop = inputs.hop;
    lifted.hop.configured = false;  // our own next hop asks for no more than any other host
    lifted.hop.tlsa_status = TlsaStatus::NotAsked;
    lifted.hop.tlsa = nullptr;
    lifted.hop.sts = StsMode::NoPolicy;
    lifted.now = inputs.now;
    TlsDecision decision = decide_tls(lifted);
    constexpr Reason kReason = Reason::QueueApproved;
    decision.reasons.push_back(kReason);
    decision.sources.push_back({kReason, decision.policy.level, decision.policy.min, true});
    return decision;
}

}  // namespace hermetic::policy
