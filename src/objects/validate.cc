#include "objects/validate.h"

#include <fmt/format.h>

#include <algorithm>
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
    // Of the organization.
    void wrong(const std::string& key, std::string what, std::string right)
    {
        const config::Node* table = document_.find("organization");
        const config::Node* node = table != nullptr ? table->find(key) : nullptr;
        if (node == nullptr) node = table;
        diagnostics_.push_back({file_, node != nullptr ? node->line : 0, "organization." + key,
                                std::move(what), std::move(right)});
    }
    void missing(const std::string& key, std::string right)
    {
        wrong(key, "it is missing", std::move(right));
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

bool is_weaker(const Organization& organization, const TlsSettings& tls)
{
    return tls.level.value_or(organization.tls) < organization.tls ||
           tls.min.value_or(organization.min_tls) < organization.min_tls;
}

bool all_hosts_have_names(const NextHop& next_hop)
{
    return std::ranges::none_of(next_hop.hosts,
                                [](const NextHopHost& host) { return host.address.has_value(); });
}

void validate_tls(const Organization& organization, const OutboundConnector& connector,
                  std::size_t index, Faults& faults)
{
    const TlsSettings& tls = connector.tls;
    const TlsLevel level = tls.level.value_or(organization.tls);
    const auto add = [&](const char* key, std::string what, std::string right) {
        faults.add("outbound_connector", index, key, std::move(what), std::move(right));
    };
    if (tls.min.value_or(organization.min_tls) > tls.max.value_or(organization.max_tls)) {
        add(tls.min ? "min_tls" : "max_tls", "min_tls is above max_tls",
            "a max_tls that is not below min_tls");
    }
    // No forgotten holes.
    if (is_weaker(organization, tls) && !tls.valid_until) {
        add(tls.level ? "tls" : "min_tls", "it is weaker than the organization's, without an end",
            "valid_until beside it, such as \"2026-12-31T00:00:00Z\"");
    }
    if (!tls.names.empty() && level != TlsLevel::VerifyName) {
        add("tls_names", fmt::format("names count at verify_name only, and tls is {}", name(level)),
            "tls = \"verify_name\", or no tls_names");
    }
    if (level == TlsLevel::VerifyName && tls.names.empty() &&
        !all_hosts_have_names(connector.next_hop)) {
        add("smart_hosts", "an address has no name that a certificate could prove",
            "tls_names, or the host by its name");
    }
    if (!tls.pins.empty() && level < TlsLevel::Encrypt) {
        add("pins", fmt::format("pins need encryption, and tls is {}", name(level)),
            "tls = \"encrypt\" or a stronger level");
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
        validate_tls(contents.organization, each, i, faults);
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
    if (contents.organization.tls == TlsLevel::None) {
        faults.wrong("tls", "an organization without TLS is no default",
                     "\"opportunistic\" or stronger; \"none\" only in a connector that ends");
    }
    if (contents.organization.min_tls > contents.organization.max_tls) {
        faults.wrong("min_tls", "it is above max_tls", "a max_tls that is not below it");
    }
    validate_domains(contents, faults);
    validate_inbound(contents, faults);
    validate_outbound(contents, faults);
}

}  // namespace hermetic::objects
