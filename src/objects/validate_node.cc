#include "objects/validate_node.h"

#include "config/kinds.h"

#include <fmt/format.h>

#include <algorithm>

namespace hermetic::objects {

namespace {

void find_unknown_listeners(const Snapshot::Contents& contents, const config::NodeOptions& options,
                            const std::string& file, config::Diagnostics& diagnostics)
{
    const auto& known = options.listeners;
    for (std::size_t i = 0; i < contents.inbound_connectors.size(); ++i) {
        const InboundConnector& each = contents.inbound_connectors[i];
        for (const std::string& name : each.listeners) {
            if (std::ranges::find(known, name, &config::ListenerOptions::name) != known.end())
                continue;
            std::string names;
            for (const auto& listener : known)
                names += (names.empty() ? "" : ", ") + config::quote(listener.name);
            diagnostics.push_back({file, 0, fmt::format("inbound_connector[{}].listeners", i),
                                   fmt::format("connector \"{}\" names the listener \"{}\", and "
                                               "hermetic.toml has no listener of this name",
                                               each.name, name),
                                   names});
        }
    }
}

}  // namespace

config::Diagnostics validate_for_node(const Snapshot::Contents& contents,
                                      const config::NodeOptions& options, const std::string& file)
{
    config::Diagnostics diagnostics;
    find_unknown_listeners(contents, options, file, diagnostics);
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
             fmt::format(
                 "connector \"{}\" needs client certificates, and no listener requests them",
                 each.name),
             "client_certificates = \"request\" in a [[listener]] of hermetic.toml"});
    }
    return diagnostics;
}

}  // namespace hermetic::objects
