#include "objects/inbound_index.h"

#include <algorithm>
#include <array>
#include <functional>

namespace hermetic::objects {
namespace {

using Positions = InboundIndex::Positions;

// Without the first label; empty where there is but one.
std::string_view parent_of(std::string_view name)
{
    const auto dot = name.find('.');
    return dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
}

template <typename Map>
void add_found(const Map& map, std::string_view key, Positions& found)
{
    if (key.empty()) return;
    const auto entry = map.find(key);
    if (entry == map.end()) return;
    found.insert(found.end(), entry->second.begin(), entry->second.end());
}

// The first `prefix` bits of an address, the others 0.
template <std::size_t kSize>
std::array<std::uint8_t, kSize> masked(std::string_view octets, int prefix)
{
    std::array<std::uint8_t, kSize> result{};
    const auto whole = static_cast<std::size_t>(prefix / 8);
    std::copy_n(octets.begin(), whole, result.begin());
    if (const int rest = prefix % 8; rest != 0) {
        const unsigned mask = 0xffU << static_cast<unsigned>(8 - rest);
        result[whole] = static_cast<std::uint8_t>(static_cast<unsigned char>(octets[whole]) & mask);
    }
    return result;
}

IpAddress base_of(const IpAddress& address, int prefix)
{
    if (address.is_v6()) return IpAddress::v6(masked<16>(address.octets(), prefix));
    return IpAddress::v4(masked<4>(address.octets(), prefix));
}

}  // namespace

InboundIndex::InboundIndex(const std::vector<InboundConnector>& connectors)
{
    for (std::size_t i = 0; i < connectors.size(); ++i)
        add(connectors[i], static_cast<Position>(i));
}

InboundIndex::InboundIndex(const std::vector<InboundConnector>& connectors, ConnectorKind kind)
{
    for (std::size_t i = 0; i < connectors.size(); ++i)
        if (connectors[i].kind == kind) add(connectors[i], static_cast<Position>(i));
}

void InboundIndex::add(const InboundConnector& connector, Position at)
{
    if (!connector.enabled) return;
    add_networks(connector, at);
    add_names(connector, at);
    if (connector.kind == ConnectorKind::Partner) add_senders(connector, at);
}

void InboundIndex::add_networks(const InboundConnector& connector, Position at)
{
    for (const Network& network : connector.networks) {
        auto& claims = networks_[{network.base(), network.prefix_length()}];
        claims.network = network;
        claims.connectors.push_back(at);
        auto& prefixes = network.base().is_v6() ? prefixes_v6_ : prefixes_v4_;
        const auto place =
            std::ranges::lower_bound(prefixes, network.prefix_length(), std::greater<>{});
        if (place == prefixes.end() || *place != network.prefix_length())
            prefixes.insert(place, network.prefix_length());
    }
}

void InboundIndex::add_names(const InboundConnector& connector, Position at)
{
    for (const TlsName& name : connector.certificate_names) {
        const std::string& domain = name.domain.text();
        (name.below ? names_below_ : names_)[domain].push_back(at);
        if (name.below) continue;
        if (const auto parent = parent_of(domain); !parent.empty())
            names_by_parent_[std::string{parent}].push_back(at);
    }
}

void InboundIndex::add_senders(const InboundConnector& connector, Position at)
{
    if (connector.sender_domains.empty()) return;
    Senders& senders = senders_[connector.organization];
    for (const DomainPattern& pattern : connector.sender_domains) {
        switch (pattern.kind) {
        case DomainPattern::Kind::Any:
            senders.any.push_back(at);
            break;
        case DomainPattern::Kind::Exact:
            senders.exact[pattern.domain->text()].push_back(at);
            break;
        case DomainPattern::Kind::Below:
            senders.below[pattern.domain->text()].push_back(at);
            break;
        }
    }
}

std::vector<InboundIndex::InNetwork> InboundIndex::by_network(const IpAddress& client) const
{
    std::vector<InNetwork> found;
    if (client.is_unspecified()) return found;
    for (const int prefix : client.is_v6() ? prefixes_v6_ : prefixes_v4_) {
        const auto entry = networks_.find({base_of(client, prefix), prefix});
        if (entry == networks_.end()) continue;
        for (const Position connector : entry->second.connectors)
            found.push_back({connector, entry->second.network});
    }
    return found;
}

void InboundIndex::add_by_certificate(std::string_view dns_name, Positions& found) const
{
    add_found(names_, dns_name, found);
    const std::string_view parent = parent_of(dns_name);
    add_found(names_below_, parent, found);  // of "*.example.org" as well
    if (dns_name.starts_with("*.")) add_found(names_by_parent_, parent, found);
}

void InboundIndex::add_partners(std::string_view organization, const mail::Domain& sender,
                                Positions& found) const
{
    const auto of_organization = senders_.find(organization);
    if (of_organization == senders_.end()) return;
    const Senders& senders = of_organization->second;
    add_found(senders.exact, sender.text(), found);
    for (auto rest = parent_of(sender.text()); !rest.empty(); rest = parent_of(rest))
        add_found(senders.below, rest, found);
    found.insert(found.end(), senders.any.begin(), senders.any.end());
}

void InboundIndex::add_partners_of_any(std::string_view organization, Positions& found) const
{
    const auto of_organization = senders_.find(organization);
    if (of_organization == senders_.end()) return;
    const Positions& any = of_organization->second.any;
    found.insert(found.end(), any.begin(), any.end());
}

}  // namespace hermetic::objects
