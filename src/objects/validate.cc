#include "objects/validate.h"

#include <fmt/format.h>

#include <map>
#include <set>

namespace hermetic::objects {
namespace {

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
    void missing(const std::string& key, std::string right)
    {
        const config::Node* table = document_.find("organization");
        diagnostics_.push_back({file_, table != nullptr ? table->line : 0, "organization." + key,
                                "it is missing", std::move(right)});
    }

private:
    const config::Node& document_;
    const std::string& file_;
    config::Diagnostics& diagnostics_;
};

void validate_domains(const Snapshot::Contents& contents, Faults& faults)
{
    std::set<DomainPattern> names;
    for (std::size_t i = 0; i < contents.accepted_domains.size(); ++i) {
        const AcceptedDomain& each = contents.accepted_domains[i];
        if (!each.name.domain) {
            faults.add("accepted_domain", i, "name", "it is missing",
                       "a domain, such as \"example.org\"");
        } else if (!names.insert(each.name).second) {
            faults.add("accepted_domain", i, "name", each.name.format() + " stands twice",
                       "each domain once");
        }
        // Mail for our own domain that is sent to its MX comes back to us.
        if (each.name.domain && each.next_hop.mx && each.kind == DomainKind::Authoritative) {
            faults.add(
                "accepted_domain", i, "next_hop",
                "the MX of an authoritative domain is ourselves, so that its mail would loop",
                "the host that has its mailboxes, such as \"lmtp://host:24\"; or kind = "
                "\"internal_relay\"");
        }
        for (const mail::Mailbox& recipient : each.recipients) {
            const mail::Domain* domain = recipient.domain();
            if (domain != nullptr && each.name.domain && each.name.matches(*domain)) continue;
            faults.add("accepted_domain", i, "recipients",
                       recipient.format() + " is not in this domain",
                       "addresses of this domain only");
        }
    }
}

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

void validate_inbound(const Snapshot::Contents& contents, Faults& faults)
{
    validate_names("inbound_connector", contents.inbound_connectors, faults);
    std::map<Network, std::string> owners;
    for (std::size_t i = 0; i < contents.inbound_connectors.size(); ++i) {
        const InboundConnector& each = contents.inbound_connectors[i];
        // Evidence, not claims, grants (specification §2.3): without it nobody could be admitted,
        // or everybody.
        if (each.networks.empty()) {
            faults.add("inbound_connector", i, "networks",
                       "there is none, so that nothing proves a client", "at least one network");
        }
        for (const Network& network : each.networks) {
            if (network.prefix_length() == 0 && each.may_relay) {
                faults.add("inbound_connector", i, "networks",
                           network.format() + " with may_relay is an open relay",
                           "your own networks");
            }
            const auto [owner, first] = owners.emplace(network, each.name);
            if (!first && each.enabled) {
                faults.add(
                    "inbound_connector", i, "networks",
                    fmt::format("connector \"{}\" has {} too", owner->second, network.format()),
                    "each network in one connector");
            }
        }
    }
}

void validate_outbound(const Snapshot::Contents& contents, Faults& faults)
{
    validate_names("outbound_connector", contents.outbound_connectors, faults);
    std::map<DomainPattern, std::string> owners;
    for (std::size_t i = 0; i < contents.outbound_connectors.size(); ++i) {
        const OutboundConnector& each = contents.outbound_connectors[i];
        if (each.recipient_domains.empty()) {
            faults.add("outbound_connector", i, "recipient_domains", "there is none",
                       "at least one");
        }
        if (!each.enabled) continue;
        for (const DomainPattern& pattern : each.recipient_domains) {
            const auto [owner, first] = owners.emplace(pattern, each.name);
            if (first) continue;
            // Two connectors that could both win at one rank (specification §3.2).
            faults.add("outbound_connector", i, "recipient_domains",
                       fmt::format("connector \"{}\" has {} too, so that neither would win",
                                   owner->second, pattern.format()),
                       "each pattern in one connector");
        }
    }
}

}  // namespace

void validate_contents(const Snapshot::Contents& contents, const config::Node& document,
                       const std::string& file, config::Diagnostics& diagnostics)
{
    Faults faults{document, file, diagnostics};
    if (contents.organization.name.empty()) faults.missing("name", "a name");
    if (!contents.organization.postmaster) {
        faults.missing("postmaster",
                       "an address, such as \"postmaster@example.org\" (RFC 5321 §4.5.1)");
    }
    validate_domains(contents, faults);
    validate_inbound(contents, faults);
    validate_outbound(contents, faults);
}

}  // namespace hermetic::objects
