// What the parts of validate.cc share: where a fault is noted, and the part for inbound connectors.
//
// Private to objects/. Pure.
#pragma once

#include "config/diagnostic.h"
#include "config/document.h"
#include "objects/snapshot.h"

#include <fmt/format.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace hermetic::objects {

class Faults {
public:
    Faults(const config::Node& document, const std::string& file, config::Diagnostics& diagnostics)
        : document_{document}, file_{file}, diagnostics_{diagnostics}
    {
    }
    void add(const std::string& section, std::size_t index, const std::string& key,
             std::string what, std::string right)
    {
        const config::Node* list = document_.find(section);
        unsigned line = 0;
        if (list != nullptr && index < list->list.size()) {
            const config::Node* node = list->list[index].find(key);
            line = node != nullptr ? node->line : list->list[index].line;
        }
        diagnostics_.push_back({file_, line, fmt::format("{}[{}].{}", section, index, key),
                                std::move(what), std::move(right)});
    }
    // Of an organization.
    void wrong(std::size_t index, const std::string& key, std::string what, std::string right)
    {
        const config::Node* table = document_.find("organization");
        if (table != nullptr && table->kind == config::Node::Kind::List)
            return add("organization", index, key, std::move(what), std::move(right));
        const config::Node* node = table != nullptr ? table->find(key) : nullptr;
        if (node == nullptr) node = table;
        diagnostics_.push_back({file_, node != nullptr ? node->line : 0, "organization." + key,
                                std::move(what), std::move(right)});
    }

private:
    const config::Node& document_;
    const std::string& file_;
    config::Diagnostics& diagnostics_;
};

template <typename Connector>
void validate_names(const std::string& section, const std::vector<Connector>& connectors,
                    Faults& faults)
{
    std::set<std::string> names;
    for (std::size_t i = 0; i < connectors.size(); ++i) {
        if (connectors[i].name.empty()) faults.add(section, i, "name", "it is missing", "a name");
        if (!names.insert(connectors[i].name).second) {
            faults.add(section, i, "name", "another connector has it", "a name of its own");
        }
    }
}

// validate_tls.cc
void validate_connector_tls(const Organization& organization, const OutboundConnector& connector,
                            std::size_t index, Faults& faults);
void validate_next_hop_tls(const Organization& organization, const AcceptedDomain& domain,
                           std::size_t index, Faults& faults);

// validate_inbound.cc
void validate_inbound(const Snapshot::Contents& contents, Faults& faults);

}  // namespace hermetic::objects
