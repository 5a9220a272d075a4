#include "daemon/changed_policy.h"

#include "routing/route.h"

#include <algorithm>
#include <map>

namespace hermetic::daemon {
namespace {

template <typename Object>
bool differ(Object before, Object after)
{
    before.comment.clear();
    after.comment.clear();
    return before != after;
}

template <typename Object>
const Object* find(const std::vector<Object>& objects, const std::string& name)
{
    const auto found = std::find_if(objects.begin(), objects.end(),
                                    [&](const Object& each) { return each.name == name; });
    return found == objects.end() ? nullptr : &*found;
}

template <typename Object>
std::set<std::string> names_of_changed(const std::vector<Object>& before,
                                       const std::vector<Object>& after)
{
    std::map<std::string_view, const Object*> old;
    for (const Object& each : before) old.emplace(each.name, &each);
    std::set<std::string> changed;
    for (const Object& each : after) {
        const auto found = old.find(each.name);
        if (found != old.end() && differ(*found->second, each)) changed.insert(each.name);
    }
    return changed;
}

}  // namespace

ChangedPolicy::ChangedPolicy(const objects::Snapshot& before, const objects::Snapshot& after)
    : connectors_{names_of_changed(before.contents().outbound_connectors,
                                   after.contents().outbound_connectors)},
      organizations_{
          names_of_changed(before.contents().organizations, after.contents().organizations)},
      first_{after.organization().name}
{
    for (const objects::AcceptedDomain& each : after.contents().accepted_domains) {
        const auto* was = before.accepted_domain_named(each.name.format());
        if (was != nullptr && was->tls != each.tls) accepted_domains_.insert(each.name.format());
    }
    // A plan that refuses old versions, or no longer does, is the whole organization's.
    const auto plans =
        names_of_changed(before.contents().retirements, after.contents().retirements);
    for (const objects::Retirement& each : after.contents().retirements) {
        const bool is_new = find(before.contents().retirements, each.name) == nullptr;
        if (is_new || plans.contains(each.name)) organizations_.insert(each.organization);
    }
    for (const objects::Retirement& each : before.contents().retirements) {
        if (find(after.contents().retirements, each.name) == nullptr)
            organizations_.insert(each.organization);
    }
    const auto certificates =
        names_of_changed(before.contents().certificates, after.contents().certificates);
    for (const objects::OutboundConnector& each : after.contents().outbound_connectors) {
        if (certificates.contains(each.tls.client_certificate) ||
            organizations_.contains(each.organization)) {
            connectors_.insert(each.name);
        }
    }
}

bool ChangedPolicy::concerns(std::string_view route_key) const
{
    const auto route = routing::parse_route_key(route_key);
    if (!route) return false;
    if (!route->connector.empty()) return connectors_.contains(route->connector);
    if (accepted_domains_.contains(route->accepted_domain)) return true;
    return organizations_.contains(route->organization.empty() ? first_ : route->organization);
}

}  // namespace hermetic::daemon
