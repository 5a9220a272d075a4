#include "policy/tls_demand.h"

#include "policy/approval.h"
#include "policy/retirement.h"

namespace hermetic::policy {

MessageRequests requests_of(const mail::Envelope& envelope)
{
    MessageRequests requests = envelope.tls;
    const bool redacted = envelope.is_notice && requests.level == TlsLevel::None;
    if (redacted) requests.requiretls = false;
    return requests;
}

TlsInputs make_tls_inputs(const TlsDemand& demand, const HopFacts& hop, std::string_view label,
                          WallTime now)
{
    TlsInputs inputs;
    inputs.organization = demand.organization;
    inputs.connector = demand.connector;
    inputs.next_hop = demand.next_hop;
    inputs.hop = hop;
    inputs.requests = demand.message.requests;
    inputs.rule = demand.message.rule;
    inputs.ratchet = demand.ratchet;
    inputs.now = now;
    if (label.empty()) return inputs;
    const auto retired =
        decide_outbound_retirement(demand.retirements, demand.organization->name, label, now);
    if (retired) inputs.retired_below = retired->below;
    inputs.retirement_over = retired && retired->over;
    return inputs;
}

TlsDecision decide_tls(const TlsDemand& demand, const HopFacts& hop, std::string_view label,
                       WallTime now)
{
    const TlsInputs inputs = make_tls_inputs(demand, hop, label, now);
    return demand.message.approved == Approved::Yes ? decide_approved(inputs) : decide_tls(inputs);
}

}  // namespace hermetic::policy
