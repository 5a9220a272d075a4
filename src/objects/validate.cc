#include "objects/validate.h"

#include "core/text.h"
#include "objects/validate_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace hermetic::objects {
namespace {

using Names = std::set<std::pair<std::string_view, std::string_view>>;  // organization and name

class Organizations {
public:
    explicit Organizations(const std::vector<Organization>& all) : all_{all}
    {
        for (const Organization& each : all) by_name_.emplace(each.name, &each);
    }
    [[nodiscard]] bool knows(std::string_view name) const { return by_name_.contains(name); }
    // The one of this name, or the first: what names none is refused elsewhere.
    [[nodiscard]] const Organization& of(std::string_view name) const
    {
        const auto found = by_name_.find(name);
        return found == by_name_.end() ? all_.front() : *found->second;
    }

private:
    const std::vector<Organization>& all_;
    std::unordered_map<std::string_view, const Organization*> by_name_;
};

// Whether a connector for accepted domains takes it to our own servers.
class Carriers {
public:
    explicit Carriers(const std::vector<OutboundConnector>& connectors)
    {
        for (const OutboundConnector& each : connectors) {
            if (!each.enabled || each.next_hop.mx) continue;
            Carried& of_organization = carried_[each.organization];
            of_organization.all = of_organization.all || each.all_accepted_domains;
            for (const DomainPattern& pattern : each.recipient_domains)
                of_organization.patterns.insert(pattern);
        }
    }
    [[nodiscard]] bool carries(const AcceptedDomain& domain) const
    {
        const auto found = carried_.find(domain.organization);
        if (found == carried_.end()) return false;
        return found->second.all || found->second.patterns.contains(domain.name);
    }

private:
    struct Carried {
        bool all = false;
        std::set<DomainPattern> patterns;
    };
    std::unordered_map<std::string_view, Carried> carried_;
};

// Who has a domain, and who all below it: the first that does, and the first of another
// organization, which is all that a third one need be told of.
class DomainOwners {
public:
    explicit DomainOwners(const std::vector<AcceptedDomain>& domains) : domains_{domains}
    {
        for (std::size_t i = 0; i < domains.size(); ++i) {
            if (!domains[i].name.domain) continue;
            Owners& owners = map_of(domains[i].name.kind)[domains[i].name.domain->text()];
            if (owners.first == kNone) {
                owners.first = i;
            } else if (owners.of_another == kNone &&
                       domains[owners.first].organization != domains[i].organization) {
                owners.of_another = i;
            }
        }
    }
    // The first accepted domain of another organization that this one is at or below.
    [[nodiscard]] const AcceptedDomain* above(const AcceptedDomain& domain) const
    {
        std::size_t found = kNone;
        const bool exact = domain.name.kind == DomainPattern::Kind::Exact;
        for (std::string_view rest = domain.name.domain->text(); !rest.empty();) {
            find(exact_, rest, domain, found);
            // The domain itself is not below itself: the wildcard is at fault.
            const bool itself = rest.size() == domain.name.domain->text().size();
            if (!itself || !exact) find(below_, rest, domain, found);
            const auto dot = rest.find('.');
            rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
        }
        return found == kNone ? nullptr : &domains_[found];
    }

private:
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
    struct Owners {
        std::size_t first = kNone;
        std::size_t of_another = kNone;
    };
    using ByDomain = std::unordered_map<std::string_view, Owners>;

    ByDomain& map_of(DomainPattern::Kind kind)
    {
        return kind == DomainPattern::Kind::Exact ? exact_ : below_;
    }
    void find(const ByDomain& map, std::string_view name, const AcceptedDomain& domain,
              std::size_t& found) const
    {
        const auto entry = map.find(name);
        if (entry == map.end()) return;
        const Owners& owners = entry->second;
        const bool own = domains_[owners.first].organization == domain.organization;
        found = std::min(found, own ? owners.of_another : owners.first);
    }

    const std::vector<AcceptedDomain>& domains_;
    ByDomain exact_;
    ByDomain below_;
};

// No organization can capture mail of another: a domain at or below another's is nobody else's.
void validate_ownership(const Snapshot::Contents& contents, Faults& faults)
{
    if (contents.organizations.size() < 2) return;
    const auto& domains = contents.accepted_domains;
    const DomainOwners owners{domains};
    for (std::size_t i = 0; i < domains.size(); ++i) {
        if (!domains[i].name.domain) continue;
        const AcceptedDomain* const above = owners.above(domains[i]);
        if (above == nullptr) continue;
        faults.add(
            "accepted_domain", i, "name",
            fmt::format("{} is equal to or below {}, an accepted domain of organization \"{}\"",
                        domains[i].name.format(), above->name.format(), above->organization),
            "a domain that no other organization has");
    }
}

void validate_domains(const Snapshot::Contents& contents, const Organizations& organizations,
                      Faults& faults)
{
    std::set<DomainPattern> names;
    Names connectors;
    for (const OutboundConnector& each : contents.outbound_connectors) {
        if (each.enabled) connectors.emplace(each.organization, each.name);
    }
    const Carriers carriers{contents.outbound_connectors};
    for (std::size_t i = 0; i < contents.accepted_domains.size(); ++i) {
        const AcceptedDomain& each = contents.accepted_domains[i];
        if (!each.name.domain) {
            faults.add("accepted_domain", i, "name", "it is missing",
                       "a domain, such as \"example.org\"");
        } else if (!names.insert(each.name).second) {
            faults.add("accepted_domain", i, "name", each.name.format() + " is listed twice",
                       "each domain once");
        }
        if (!each.connector.empty() && !connectors.contains({each.organization, each.connector})) {
            faults.add("accepted_domain", i, "connector",
                       fmt::format("there is no enabled outbound connector \"{}\" of its "
                                   "organization",
                                   each.connector),
                       "the name of one");
        }
        if (!each.connector.empty() && !each.next_hop.mx) {
            faults.add("accepted_domain", i, "connector", "next_hop is set as well",
                       "one of the two");
        }
        validate_next_hop_tls(organizations.of(each.organization), each, i, faults);
        // Mail for our own domain that is sent to its MX comes back to us.
        if (each.name.domain && each.next_hop.mx && each.connector.empty() &&
            each.kind == DomainKind::Authoritative && !carriers.carries(each)) {
            faults.add("accepted_domain", i, "next_hop",
                       "the MX of an authoritative domain is this server, so its mail would loop",
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

// What a connector's TLS settings name among the other objects, and its login.
void validate_tls_objects(const Names& certificates, const OutboundConnector& connector,
                          std::size_t index, Faults& faults)
{
    const TlsSettings& tls = connector.tls;
    const auto add = [&](const char* key, std::string what, std::string expected) {
        faults.add("outbound_connector", index, key, std::move(what), std::move(expected));
    };
    if (!tls.client_certificate.empty() &&
        !certificates.contains({connector.organization, tls.client_certificate})) {
        add("client_certificate",
            fmt::format("there is no certificate \"{}\" of its organization",
                        tls.client_certificate),
            "the name of a [[certificate]]");
    }
    if (!tls.auth) return;
    if (connector.next_hop.mx) {
        add("auth_user", "a login needs smart hosts", "smart_hosts in the same connector");
    }
    if (tls.auth->user.empty() || tls.auth->password_file.empty()) {
        add("auth_user", "user and password are only valid together",
            "both auth_user and auth_password_file");
    }
}

void validate_selection(const OutboundConnector& each, std::size_t i, Faults& faults)
{
    const bool selected = !each.recipient_domains.empty() || each.all_accepted_domains;
    if (!selected && !each.rule_scoped) {
        faults.add("outbound_connector", i, "recipient_domains", "there is none", "at least one");
    }
    if (selected && each.rule_scoped) {
        faults.add("outbound_connector", i, "rule_scoped",
                   "a connector that only a rule selects has no domains", "one of the two");
    }
    if (each.all_accepted_domains && each.kind != ConnectorKind::OnPremises) {
        faults.add("outbound_connector", i, "all_accepted_domains",
                   "accepted domains are our own, so a partner's connector cannot carry them",
                   "kind = \"on_premises\"");
    }
}

void validate_outbound(const Snapshot::Contents& contents, const Organizations& organizations,
                       Faults& faults)
{
    Names certificates;
    for (const Certificate& each : contents.certificates)
        certificates.emplace(each.organization, each.name);
    validate_names("outbound_connector", contents.outbound_connectors, faults);
    std::map<std::pair<std::string, DomainPattern>, std::string> owners;
    std::map<std::string, std::string> of_accepted;
    for (std::size_t i = 0; i < contents.outbound_connectors.size(); ++i) {
        const OutboundConnector& each = contents.outbound_connectors[i];
        const Organization& organization = organizations.of(each.organization);
        validate_selection(each, i, faults);
        validate_connector_tls(organization, each, i, faults);
        validate_tls_objects(certificates, each, i, faults);
        if (!each.enabled || each.rule_scoped) continue;
        // Two connectors that could both win at one rank (specification §3.2).
        for (const DomainPattern& pattern : each.recipient_domains) {
            const auto [owner, first] =
                owners.emplace(std::pair{each.organization, pattern}, each.name);
            if (first) continue;
            faults.add("outbound_connector", i, "recipient_domains",
                       fmt::format("connector \"{}\" has {} too: neither takes precedence",
                                   owner->second, pattern.format()),
                       "each pattern in one connector");
        }
        if (!each.all_accepted_domains) continue;
        const auto [owner, first] = of_accepted.emplace(each.organization, each.name);
        if (first) continue;
        faults.add(
            "outbound_connector", i, "all_accepted_domains",
            fmt::format("connector \"{}\" has it too: neither takes precedence", owner->second),
            "only one connector for accepted domains");
    }
}

template <typename Object>
void validate_owner(const std::string& section, const std::vector<Object>& objects,
                    const Organizations& organizations, Faults& faults)
{
    for (std::size_t i = 0; i < objects.size(); ++i) {
        const std::string& owner = objects[i].organization;
        if (organizations.knows(owner)) continue;
        faults.add(section, i, "organization",
                   owner.empty() ? "it is missing, and there are several organizations"
                                 : fmt::format("there is no organization \"{}\"", owner),
                   "the name of one");
    }
}

constexpr const char* kOrganization = "organization";

void validate_organization(const Organization& organization, std::size_t i, Faults& faults)
{
    validate_name(kOrganization, i, organization.name, faults);
    // It stands in keys of the queue.
    if (organization.name.find(';') != std::string::npos)
        faults.add(kOrganization, i, "name", "it contains a semicolon", "a name without one");
    if (!organization.postmaster) {
        faults.add(kOrganization, i, "postmaster", "it is missing",
                   "an address, such as \"postmaster@example.org\" (RFC 5321 §4.5.1)");
    }
    if (organization.tls == TlsLevel::None) {
        faults.add(kOrganization, i, "tls", "an organization's default cannot be without TLS",
                   "\"opportunistic\" or stronger; \"none\" only in an exception");
    }
    if (organization.min_tls > organization.max_tls) {
        faults.add(kOrganization, i, "min_tls", "it is above max_tls",
                   "a max_tls that is not below it");
    }
}

void validate_organizations(const Snapshot::Contents& contents, const Organizations& organizations,
                            Faults& faults)
{
    std::set<std::string> names;
    for (std::size_t i = 0; i < contents.organizations.size(); ++i) {
        validate_organization(contents.organizations[i], i, faults);
        if (!names.insert(contents.organizations[i].name).second)
            faults.add(kOrganization, i, "name", "another organization has this name",
                       "a unique name");
    }
    validate_owner("accepted_domain", contents.accepted_domains, organizations, faults);
    validate_owner("inbound_connector", contents.inbound_connectors, organizations, faults);
    validate_owner("outbound_connector", contents.outbound_connectors, organizations, faults);
    validate_owner("certificate", contents.certificates, organizations, faults);
    validate_owner("retirement", contents.retirements, organizations, faults);
}

void validate_certificates(const Snapshot::Contents& contents, Faults& faults)
{
    validate_names("certificate", contents.certificates, faults);
    for (std::size_t i = 0; i < contents.certificates.size(); ++i) {
        const Certificate& each = contents.certificates[i];
        if (each.chain.empty()) faults.add("certificate", i, "chain", "it is missing", "a file");
        if (each.key.empty()) faults.add("certificate", i, "key", "it is missing", "a file");
    }
}

void validate_retirements(const Snapshot::Contents& contents, Faults& faults)
{
    validate_names("retirement", contents.retirements, faults);
    for (std::size_t i = 0; i < contents.retirements.size(); ++i) {
        const Retirement& each = contents.retirements[i];
        const auto add = [&](const char* key, std::string what, std::string expected) {
            faults.add("retirement", i, key, std::move(what), std::move(expected));
        };
        if (each.versions.empty()) add("versions", "there is none", "\"1.0\", \"1.1\" or both");
        for (const facts::TlsVersion version : each.versions) {
            if (version <= facts::TlsVersion::Tls11) continue;
            add("versions", "it is not an old version", "\"1.0\", \"1.1\" or both");
        }
        if (!each.start) add("start", "it is missing", "a time, such as \"2026-10-01T00:00:00Z\"");
        if (!each.end) add("end", "it is missing", "a time, such as \"2026-12-31T00:00:00Z\"");
        if (each.start && each.end && *each.end < *each.start)
            add("end", "it is before the start", "a later time");
    }
}

}  // namespace

void validate_name(const std::string& section, std::size_t index, std::string_view name,
                   Faults& faults)
{
    if (name.empty()) faults.add(section, index, "name", "it is missing", "a name");
    std::string shown{name};
    std::erase(shown, '\\');                   // may stand there, though it is shown twice
    constexpr std::size_t kMostOfAnOctet = 4;  // "\xNN"
    if (printable(shown, shown.size() * kMostOfAnOctet) == shown) return;
    faults.add(section, index, "name",
               "it contains a control character or one that turns the direction of text",
               "a name of letters, digits, blanks and the like");
}

void validate_contents(const Snapshot::Contents& contents, const config::Node& document,
                       const std::string& file, config::Diagnostics& diagnostics)
{
    Faults faults{document, file, diagnostics};
    const Organizations organizations{contents.organizations};
    validate_organizations(contents, organizations, faults);
    validate_domains(contents, organizations, faults);
    validate_ownership(contents, faults);
    validate_inbound(contents, faults);
    validate_outbound(contents, organizations, faults);
    validate_certificates(contents, faults);
    validate_retirements(contents, faults);
}

}  // namespace hermetic::objects
