#include "objects/warnings.h"

#include "config/wide_network.h"

#include <fmt/format.h>

namespace hermetic::objects {

config::Diagnostics find_warnings(const Snapshot::Contents& contents)
{
    config::Diagnostics warnings;
    for (const InboundConnector& each : contents.inbound_connectors) {
        if (!each.enabled || !each.may_relay || each.kind != ConnectorKind::OnPremises) continue;
        for (const Network& network : each.networks) {
            if (!config::is_wide(network) || config::is_full(warnings)) continue;
            warnings.push_back(
                {{},
                 0,
                 fmt::format("inbound_connector \"{}\".networks", each.name),
                 config::describe_size(network) +
                     ", and each of them may relay mail through this server to anybody",
                 "the networks of your own servers"});
        }
    }
    return warnings;
}

}  // namespace hermetic::objects
