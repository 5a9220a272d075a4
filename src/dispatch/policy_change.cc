#include "dispatch/policy_change.h"

#include "routing/route.h"

#include <algorithm>
#include <vector>

namespace hermetic::dispatch {
namespace {

template <typename Object>
bool differ(const Object* before, const Object* after)
{
    if (before == nullptr || after == nullptr) return before != after;
    return !(*before == *after);
}

std::vector<objects::Retirement> plans_of(const objects::Snapshot& snapshot,
                                          const std::string& organization)
{
    std::vector<objects::Retirement> plans;
    std::ranges::copy_if(snapshot.contents().retirements, std::back_inserter(plans),
                         [&](const objects::Retirement& plan) {
                             return plan.direction == objects::Direction::Outbound &&
                                    plan.organization == organization;
                         });
    return plans;
}

}  // namespace

bool policy_changed(const objects::Snapshot& before, const objects::Snapshot& after,
                    std::string_view route_key)
{
    const auto route = routing::parse_route_key(route_key);
    if (!route) return false;
    const auto* was = before.outbound_connector(std::string_view{route->connector});
    const auto* is = after.outbound_connector(std::string_view{route->connector});
    if (differ(was, is)) return true;
    if (is != nullptr && differ(before.certificate(is->tls.client_certificate),
                                after.certificate(is->tls.client_certificate)))
        return true;
    const auto* next_hop_was = before.accepted_domain_named(route->accepted_domain);
    const auto* next_hop_is = after.accepted_domain_named(route->accepted_domain);
    if (next_hop_was != nullptr && next_hop_is != nullptr &&
        !(next_hop_was->tls == next_hop_is->tls))
        return true;
    const std::string_view owner =
        is != nullptr ? std::string_view{is->organization} : std::string_view{route->organization};
    const auto& organization = after.organization(owner);
    if (!(before.organization(owner) == organization)) return true;
    return plans_of(before, organization.name) != plans_of(after, organization.name);
}

}  // namespace hermetic::dispatch
