#include "outbound/hop_inputs.h"

#include "policy/retirement.h"

namespace hermetic::outbound {

void add_sts(policy::HopFacts& hop, const StsPolicies* policies)
{
    if (policies == nullptr || hop.host.empty()) return;
    const StsFacts facts = policies->of(hop.configured ? hop.host : hop.domain, hop.host);
    hop.sts = facts.mode;
    hop.sts_lists_host = facts.lists_host;
}

void add_retirement(policy::TlsInputs& inputs, std::span<const objects::Retirement> plans,
                    std::string_view host)
{
    const auto retired =
        policy::decide_outbound_retirement(plans, inputs.organization->name, host, inputs.now);
    inputs.retired_below.reset();
    if (retired) inputs.retired_below = retired->below;
    inputs.retirement_over = retired && retired->over;
}

}  // namespace hermetic::outbound
