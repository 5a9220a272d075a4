#include "objects/snapshot.h"

#include <algorithm>
#include <utility>

namespace hermetic::objects {
namespace {

// Index of the entry for the longest domain that `domain` is below; npos where there is none.
std::size_t find_below(const std::unordered_map<std::string, std::size_t>& below,
                       const mail::Domain& domain)
{
    if (below.empty()) return std::string::npos;
    std::string_view rest = domain.text();
    for (;;) {
        const auto dot = rest.find('.');
        if (dot == std::string_view::npos) return std::string::npos;
        rest.remove_prefix(dot + 1);
        const auto found = below.find(std::string{rest});
        if (found != below.end()) return found->second;
    }
}

std::size_t find_exact(const std::unordered_map<std::string, std::size_t>& exact,
                       const mail::Domain& domain)
{
    const auto found = exact.find(domain.text());
    return found == exact.end() ? std::string::npos : found->second;
}

}  // namespace

Snapshot::Snapshot(Contents contents, std::uint64_t revision)
    : contents_{std::move(contents)}, revision_{revision}
{
    name_owners();
    for (std::size_t i = 0; i < contents_.accepted_domains.size(); ++i) {
        const AcceptedDomain& each = contents_.accepted_domains[i];
        if (!each.enabled || !each.name.domain) continue;
        auto& index =
            each.name.kind == DomainPattern::Kind::Exact ? accepted_exact_ : accepted_below_;
        index.emplace(each.name.domain->text(), i);
    }
    for (std::size_t i = 0; i < contents_.organizations.size(); ++i)
        organization_by_name_.emplace(contents_.organizations[i].name, i);
    only_owner_ = find_only_owner();
    inbound_ = InboundIndex{contents_.inbound_connectors};
    outbound_.resize(std::max<std::size_t>(1, contents_.organizations.size()));
    for (std::size_t i = 0; i < contents_.outbound_connectors.size(); ++i) index_outbound(i);
}

// What names no organization is the first one's, so that names can be compared.
void Snapshot::name_owners()
{
    if (contents_.organizations.empty()) return;
    const std::string& first = contents_.organizations.front().name;
    const auto name_owner_of = [&first](auto& objects) {
        for (auto& each : objects) {
            if (each.organization.empty()) each.organization = first;
        }
    };
    name_owner_of(contents_.accepted_domains);
    name_owner_of(contents_.inbound_connectors);
    name_owner_of(contents_.outbound_connectors);
    name_owner_of(contents_.certificates);
    name_owner_of(contents_.retirements);
}

std::size_t Snapshot::find_only_owner() const
{
    const std::string* owner = nullptr;
    for (const AcceptedDomain& each : contents_.accepted_domains) {
        if (!each.enabled) continue;
        if (owner != nullptr && *owner != each.organization) return kNone;
        owner = &each.organization;
    }
    if (owner == nullptr) return kNone;
    if (contents_.organizations.size() == 1) return 0;
    const auto found = organization_by_name_.find(*owner);
    return found == organization_by_name_.end() ? kNone : found->second;
}

void Snapshot::index_outbound(std::size_t at)
{
    const OutboundConnector& connector = contents_.outbound_connectors[at];
    if (!connector.enabled) return;
    outbound_by_name_.emplace(owned_name(connector), at);
    if (connector.rule_scoped) return;
    const auto owner = organization_by_name_.find(connector.organization);
    Outbound& index = outbound_[owner == organization_by_name_.end() ? 0 : owner->second];
    if (connector.all_accepted_domains) index.accepted = at;
    for (const DomainPattern& pattern : connector.recipient_domains) {
        if (pattern.kind == DomainPattern::Kind::Any) {
            index.any = at;
        } else {
            auto& map = pattern.kind == DomainPattern::Kind::Exact ? index.exact : index.below;
            map.emplace(pattern.domain->text(), at);
        }
    }
}

const Organization& Snapshot::organization(std::string_view name) const
{
    static const Organization kDefaults;
    if (contents_.organizations.empty()) return kDefaults;
    if (contents_.organizations.size() == 1) return contents_.organizations.front();
    const auto found = organization_by_name_.find(std::string{name});
    return contents_.organizations[found == organization_by_name_.end() ? 0 : found->second];
}

const AcceptedDomain* Snapshot::accepted_domain(const mail::Domain& domain) const
{
    std::size_t index = find_exact(accepted_exact_, domain);
    if (index == std::string::npos) index = find_below(accepted_below_, domain);
    return index == std::string::npos ? nullptr : &contents_.accepted_domains[index];
}

const AcceptedDomain* Snapshot::accepted_domain_named(std::string_view name) const
{
    const bool below = name.starts_with("*.");
    const auto& index = below ? accepted_below_ : accepted_exact_;
    const auto found = index.find(std::string{below ? name.substr(2) : name});
    return found == index.end() ? nullptr : &contents_.accepted_domains[found->second];
}

const Organization* Snapshot::only_owner() const
{
    return only_owner_ == kNone ? nullptr : &contents_.organizations[only_owner_];
}

const Snapshot::Outbound& Snapshot::outbound_of(std::string_view organization) const
{
    if (outbound_.size() == 1) return outbound_.front();
    const auto found = organization_by_name_.find(std::string{organization});
    return outbound_[found == organization_by_name_.end() ? 0 : found->second];
}

const OutboundConnector* Snapshot::outbound_at(std::size_t index) const
{
    return index == kNone ? nullptr : &contents_.outbound_connectors[index];
}

const OutboundConnector* Snapshot::outbound_connector(std::string_view organization,
                                                      const mail::Domain& domain) const
{
    const Outbound& index = outbound_of(organization);
    std::size_t at = find_exact(index.exact, domain);
    if (at == kNone) at = find_below(index.below, domain);
    if (at == kNone && index.accepted != kNone && accepted_domain(domain) != nullptr)
        at = index.accepted;
    return outbound_at(at == kNone ? index.any : at);
}

const OutboundConnector* Snapshot::outbound_connector_for_any(std::string_view organization) const
{
    return outbound_at(outbound_of(organization).any);
}

const OutboundConnector* Snapshot::outbound_connector_named(const OwnedName& name) const
{
    const auto found = outbound_by_name_.find(name);
    return found == outbound_by_name_.end() ? nullptr
                                            : &contents_.outbound_connectors[found->second];
}

}  // namespace hermetic::objects
