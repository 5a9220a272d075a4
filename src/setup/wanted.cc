#include "setup/wanted.h"

#include "core/ip.h"
#include "core/text.h"
#include "objects/next_hop.h"

#include <algorithm>
#include <utility>

namespace hermetic::setup {
namespace {

template <typename T>
std::vector<std::string> format_all(const std::vector<T>& values)
{
    std::vector<std::string> texts;
    texts.reserve(values.size());
    for (const T& each : values) texts.push_back(each.format());
    return texts;
}

void take(std::string& value, const std::optional<std::string>& given)
{
    if (given) value = *given;
}

void take(std::vector<std::string>& values, const std::vector<std::string>& given)
{
    if (!given.empty()) values = given;
}

// As it comes back out of the file: so that who says the same again changes nothing.
template <typename T>
std::string normalize(const std::string& text)
{
    const auto value = T::parse(text);
    return value ? value->format() : text;
}

template <typename T>
std::vector<std::string> normalize_all(std::vector<std::string> texts)
{
    for (std::string& each : texts) each = normalize<T>(each);
    return texts;
}

std::string normalize_next_hop(const std::string& text)
{
    const auto host = objects::parse_next_hop_host(text);
    return host ? host->format() : text;
}

std::string format_next_hop(const objects::AcceptedDomain& domain)
{
    if (!domain.connector.empty()) return "connector " + domain.connector;
    if (domain.next_hop.mx) return "mx";
    return join(format_all(domain.next_hop.hosts), ", ");
}

using Field = std::pair<std::string, std::string>;

std::vector<Field> fields_of(const WantedNode& node)
{
    std::vector<Field> fields{
        {"hostname", node.hostname},
        {"data_directory", node.data_directory},
        {"listener.addresses", join(node.listen, ", ")},
        {"resolver.forward", join(node.forward, ", ")},
        {"resolver.trust_anchors", join(node.trust_anchors, ", ")},
    };
    const bool acme = node.certificate == CertificateKind::Acme;
    const bool files = node.certificate == CertificateKind::Files;
    fields.emplace_back("certificate.chain", files ? node.chain : "");
    fields.emplace_back("certificate.key", files ? node.key : "");
    fields.emplace_back("certificate.acme", acme ? node.acme : "");
    fields.emplace_back("certificate.acme_contact", acme ? node.acme_contact : "");
    fields.emplace_back("certificate.acme_ca", acme ? node.acme_ca : "");
    fields.emplace_back("certificate.acme_eab_key_id", acme ? node.acme_eab_key_id : "");
    fields.emplace_back("certificate.acme_eab_hmac_file", acme ? node.acme_eab_hmac_file : "");
    fields.emplace_back("acme.http", acme ? join(node.acme_http, ", ") : "");
    return fields;
}

std::vector<Field> fields_of(const WantedOrganization& organization)
{
    std::vector<Field> fields{
        {"organization.name", organization.name},
        {"organization.postmaster", organization.postmaster},
        {"inbound_connector.networks", join(organization.relay_networks, ", ")},
    };
    for (const auto& each : organization.domains)
        fields.emplace_back("accepted_domain " + each.name, each.next_hop);
    return fields;
}

std::vector<Difference> compare(const std::vector<Field>& is, const std::vector<Field>& wanted)
{
    std::vector<Difference> differences;
    for (const auto& [key, value] : wanted) {
        const auto found = std::find_if(is.begin(), is.end(),
                                        [&](const Field& each) { return each.first == key; });
        const std::string before = found == is.end() ? std::string{} : found->second;
        if (before != value) differences.push_back({key, before, value});
    }
    return differences;
}

}  // namespace

WantedNode read_node(const config::NodeOptions& options)
{
    WantedNode node;
    node.hostname = options.hostname;
    node.data_directory = options.data_directory;
    if (!options.listeners.empty()) node.listen = format_all(options.listeners.front().addresses);
    node.forward = format_all(options.resolver.forward);
    node.trust_anchors = options.resolver.trust_anchors;
    if (options.certificates.empty()) return node;
    const config::CertificateOptions& first = options.certificates.front();
    node.certificate = first.acme.empty() ? CertificateKind::Files : CertificateKind::Acme;
    if (first.acme.empty()) {
        node.chain = first.chain;
        node.key = first.key;
        return node;
    }
    node.acme = first.acme;
    node.acme_contact = first.acme_contact;
    node.acme_ca = first.acme_ca;
    node.acme_eab_key_id = first.acme_eab_key_id;
    node.acme_eab_hmac_file = first.acme_eab_hmac_file;
    node.acme_http = format_all(options.acme.http);
    return node;
}

WantedOrganization read_organization(const objects::Snapshot::Contents& contents)
{
    WantedOrganization organization;
    if (contents.organizations.empty()) return organization;
    const objects::Organization& first = contents.organizations.front();
    organization.name = first.name;
    if (first.postmaster) organization.postmaster = first.postmaster->format();
    for (const objects::AcceptedDomain& each : contents.accepted_domains) {
        if (each.organization == first.name && each.enabled)
            organization.domains.push_back({each.name.format(), format_next_hop(each)});
    }
    for (const objects::InboundConnector& each : contents.inbound_connectors) {
        if (each.organization != first.name || !each.enabled || !each.may_relay) continue;
        for (const Network& network : each.networks)
            organization.relay_networks.push_back(network.format());
    }
    return organization;
}

WantedNode lay_over(WantedNode base, const Given& given)
{
    if (given.hostname) base.hostname = to_lower(*given.hostname);
    take(base.data_directory, given.data_directory);
    take(base.listen, normalize_all<Endpoint>(given.listen));
    if (given.certificate) base.certificate = *given.certificate;
    take(base.chain, given.chain);
    take(base.key, given.key);
    take(base.acme, given.acme);
    take(base.acme_contact, given.acme_contact);
    take(base.acme_ca, given.acme_ca);
    take(base.acme_eab_key_id, given.acme_eab_key_id);
    take(base.acme_eab_hmac_file, given.acme_eab_hmac_file);
    take(base.acme_http, normalize_all<Endpoint>(given.acme_http));
    take(base.forward, normalize_all<Endpoint>(given.forward));
    take(base.trust_anchors, given.trust_anchors);
    return base;
}

WantedOrganization lay_over(WantedOrganization base, const Given& given)
{
    take(base.name, given.organization);
    take(base.postmaster, given.postmaster);
    take(base.relay_networks, normalize_all<Network>(given.relay_networks));
    const std::string next_hop = given.next_hop ? normalize_next_hop(*given.next_hop) : "";
    for (const std::string& name : normalize_all<objects::DomainPattern>(given.domains)) {
        const auto known = std::find_if(base.domains.begin(), base.domains.end(),
                                        [&](const auto& each) { return each.name == name; });
        if (known == base.domains.end()) {
            base.domains.push_back({name, next_hop});
        } else if (given.next_hop) {
            known->next_hop = next_hop;
        }
    }
    if (given.domains.empty() && given.next_hop) {
        for (auto& each : base.domains) each.next_hop = next_hop;
    }
    if (!base.domains.empty()) {
        const std::string& first = base.domains.front().name;
        if (base.name.empty()) base.name = first;
        if (base.postmaster.empty()) base.postmaster = "postmaster@" + first;
    }
    return base;
}

std::vector<std::string> find_missing(const WantedNode& node,
                                      const WantedOrganization& organization)
{
    std::vector<std::string> missing;
    if (node.hostname.empty())
        missing.emplace_back("--hostname NAME: the server's own name in DNS, mx.example.org");
    if (organization.domains.empty())
        missing.emplace_back("--domain NAME: a domain whose mail it accepts, example.org");
    const bool leads_nowhere = std::any_of(organization.domains.begin(), organization.domains.end(),
                                           [](const auto& each) { return each.next_hop.empty(); });
    if (organization.domains.empty() || leads_nowhere)
        missing.emplace_back(
            "--next-hop URL: where that mail goes, lmtp://192.0.2.20:24 or smtp://host:25");
    if (node.certificate == CertificateKind::Files && (node.chain.empty() || node.key.empty()))
        missing.emplace_back("--chain FILE and --key FILE: the certificate, PEM");
    return missing;
}

std::vector<Difference> find_differences(const WantedNode& is, const WantedNode& wanted)
{
    return compare(fields_of(is), fields_of(wanted));
}

std::vector<Difference> find_differences(const WantedOrganization& is,
                                         const WantedOrganization& wanted)
{
    return compare(fields_of(is), fields_of(wanted));
}

}  // namespace hermetic::setup
