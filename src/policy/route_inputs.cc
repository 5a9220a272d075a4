#include "policy/route_inputs.h"

namespace hermetic::policy {

std::optional<TlsInputs> inputs_of_route(const objects::Snapshot& snapshot,
                                         const routing::Route& route, WallTime now)
{
    TlsInputs inputs;
    inputs.now = now;
    inputs.organization = &snapshot.organization(route.organization);
    if (!route.connector.empty()) {
        inputs.connector = snapshot.outbound_connector(std::string_view{route.connector});
        if (inputs.connector == nullptr) return std::nullopt;
        inputs.organization = &snapshot.organization(inputs.connector->organization);
    }
    if (!route.accepted_domain.empty()) {
        const auto* const domain = snapshot.accepted_domain_named(route.accepted_domain);
        if (domain == nullptr) return std::nullopt;
        inputs.next_hop = &domain->tls;
    }
    return inputs;
}

}  // namespace hermetic::policy
