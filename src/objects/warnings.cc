#include "objects/warnings.h"

#include "config/wide_network.h"
#include "objects/exceptions.h"

#include <fmt/format.h>

namespace hermetic::objects {
namespace {

// The default is no contradiction to a short `expiry`: nobody wrote it.
void warn_of_late_expiry(const Organization& organization, config::Diagnostics& warnings)
{
    if (organization.expiry_tls <= organization.expiry ||
        organization.expiry_tls == Organization{}.expiry_tls)
        return;
    warnings.push_back({{},
                        0,
                        fmt::format("organization \"{}\".expiry_tls", organization.name),
                        fmt::format("it is {}, longer than expiry ({}), and has no effect",
                                    format_duration(organization.expiry_tls),
                                    format_duration(organization.expiry)),
                        "a duration up to that of expiry"});
}

}  // namespace

config::Diagnostics find_warnings(const Snapshot::Contents& contents)
{
    config::Diagnostics warnings;
    for (const Organization& each : contents.organizations) warn_of_late_expiry(each, warnings);
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

config::Diagnostics find_ended_exceptions(const Snapshot::Contents& contents, WallTime now)
{
    config::Diagnostics warnings;
    for (const ListedException& each : exceptions_of(contents)) {
        if (each.valid_until > now || config::is_full(warnings)) continue;
        warnings.push_back(
            {{},
             0,
             fmt::format("{} \"{}\".exception.valid_until", each.kind, each.name),
             fmt::format("the exception ended at {}; the lasting values are in effect",
                         format_rfc3339(each.valid_until)),
             "a later time, or no exception"});
    }
    return warnings;
}

}  // namespace hermetic::objects
