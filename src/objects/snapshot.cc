#include "objects/snapshot.h"

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
    for (std::size_t i = 0; i < contents_.accepted_domains.size(); ++i) {
        const AcceptedDomain& each = contents_.accepted_domains[i];
        if (!each.enabled || !each.name.domain) continue;
        auto& index =
            each.name.kind == DomainPattern::Kind::Exact ? accepted_exact_ : accepted_below_;
        index.emplace(each.name.domain->text(), i);
    }
    for (std::size_t i = 0; i < contents_.outbound_connectors.size(); ++i) {
        const OutboundConnector& each = contents_.outbound_connectors[i];
        if (!each.enabled) continue;
        outbound_by_name_.emplace(each.name, i);
        for (const DomainPattern& pattern : each.recipient_domains) {
            if (pattern.kind == DomainPattern::Kind::Any) {
                outbound_any_ = i;
            } else {
                auto& index =
                    pattern.kind == DomainPattern::Kind::Exact ? outbound_exact_ : outbound_below_;
                index.emplace(pattern.domain->text(), i);
            }
        }
    }
}

const AcceptedDomain* Snapshot::accepted_domain(const mail::Domain& domain) const
{
    std::size_t index = find_exact(accepted_exact_, domain);
    if (index == std::string::npos) index = find_below(accepted_below_, domain);
    return index == std::string::npos ? nullptr : &contents_.accepted_domains[index];
}

const InboundConnector* Snapshot::inbound_connector(const IpAddress& client) const
{
    if (client.is_unspecified()) return nullptr;  // not known: no evidence, also not for 0.0.0.0/0
    const InboundConnector* best = nullptr;
    int best_prefix = -1;
    for (const InboundConnector& each : contents_.inbound_connectors) {
        if (!each.enabled) continue;
        for (const Network& network : each.networks) {
            if (network.prefix_length() > best_prefix && network.contains(client)) {
                best = &each;
                best_prefix = network.prefix_length();
            }
        }
    }
    return best;
}

const OutboundConnector* Snapshot::outbound_connector(const mail::Domain& domain) const
{
    std::size_t index = find_exact(outbound_exact_, domain);
    if (index == std::string::npos) index = find_below(outbound_below_, domain);
    if (index == std::string::npos) index = outbound_any_;
    return index == std::string::npos ? nullptr : &contents_.outbound_connectors[index];
}

const OutboundConnector* Snapshot::outbound_connector(std::string_view name) const
{
    const auto found = outbound_by_name_.find(std::string{name});
    return found == outbound_by_name_.end() ? nullptr
                                            : &contents_.outbound_connectors[found->second];
}

}  // namespace hermetic::objects
