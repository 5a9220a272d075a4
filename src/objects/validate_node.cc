#include "objects/validate_node.h"

#include <fmt/format.h>

#include <algorithm>

namespace hermetic::objects {

config::Diagnostics validate_for_node(const Snapshot::Contents& contents,
                                      const config::NodeOptions& options, const std::string& file)
{
    config::Diagnostics diagnostics;
    const bool asked =
        std::ranges::any_of(options.listeners, [](const config::ListenerOptions& each) {
            return each.client_certificates != config::ClientCertificates::Off;
        });
    if (asked) return diagnostics;
    for (std::size_t i = 0; i < contents.inbound_connectors.size(); ++i) {
        const InboundConnector& each = contents.inbound_connectors[i];
        if (!each.enabled || each.certificate_names.empty()) continue;
        diagnostics.push_back(
            {file, 0, fmt::format("inbound_connector[{}].certificate_names", i),
             fmt::format("connector \"{}\" goes by client certificates, and no listener asks for "
                         "them",
                         each.name),
             "client_certificates = \"request\" in a [[listener]] of hermetic.toml"});
    }
    return diagnostics;
}

}  // namespace hermetic::objects
