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

bool asks_for_certificates(const config::ListenerOptions& listener)
{
    return listener.client_certificates != config::ClientCertificates::Off;
}

// A connector limited to listeners that ask nobody for a certificate, with nothing else to know a
// client by. Unknown listeners are faults of their own.
bool can_admit_nobody(const InboundConnector& connector, const config::NodeOptions& options)
{
    const bool by_certificate = connector.networks.empty() || connector.require_certificate;
    if (connector.listeners.empty() || !by_certificate) return false;
    const auto is_named = [&connector](const config::ListenerOptions& each) {
        return std::ranges::find(connector.listeners, each.name) != connector.listeners.end();
    };
    return std::ranges::any_of(options.listeners, is_named) &&
           std::ranges::none_of(options.listeners, [&is_named](const auto& each) {
               return is_named(each) && asks_for_certificates(each);
           });
}

}  // namespace

config::Diagnostics validate_for_node(const Snapshot::Contents& contents,
                                      const config::NodeOptions& options, const std::string& file)
{
    config::Diagnostics diagnostics;
    find_unknown_listeners(contents, options, file, diagnostics);
    const bool asked = std::ranges::any_of(options.listeners, asks_for_certificates);
    for (std::size_t i = 0; i < contents.inbound_connectors.size(); ++i) {
        const InboundConnector& each = contents.inbound_connectors[i];
        if (!each.enabled || each.certificate_names.empty()) continue;
        if (asked && !can_admit_nobody(each, options)) continue;
        diagnostics.push_back(
            {file, 0, fmt::format("inbound_connector[{}].certificate_names", i),
             fmt::format("connector \"{}\" needs client certificates, and {} requests them",
                         each.name, asked ? "none of its listeners" : "no listener"),
             "client_certificates = \"request\" in a [[listener]] of hermetic.toml"});
    }
    return diagnostics;
}

}  // namespace hermetic::objects
