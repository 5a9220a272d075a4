// InboundIndex: which inbound connectors may bear on a session, found without looking at all.
//
// Pure, immutable. Holds positions in Snapshot::Contents::inbound_connectors, of enabled ones only.
// What is found are candidates by the index's keys alone; policy/ judges them.
#pragma once

#include "core/ip.h"
#include "mail/domain.h"
#include "objects/objects.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hermetic::objects {

class InboundIndex {
public:
    using Position = std::uint32_t;
    using Positions = std::vector<Position>;

    InboundIndex() = default;
    explicit InboundIndex(const std::vector<InboundConnector>& connectors);
    // Only those of one kind.
    InboundIndex(const std::vector<InboundConnector>& connectors, ConnectorKind kind);

    struct InNetwork {
        Position connector = 0;
        Network network;
    };
    // Of all organizations and both kinds: networks with `client` in them, the longest prefix
    // first. None for an address that is not known (0.0.0.0, ::).
    [[nodiscard]] std::vector<InNetwork> by_network(const IpAddress& client) const;

    // Of all organizations and both kinds: those that may mean a certificate with this dNSName,
    // lower case, such as "mx.example.org" or "*.example.org". One may stand twice.
    void add_by_certificate(std::string_view dns_name, Positions& found) const;

    // Partner connectors of the organization whose sender domains have `sender`. One may stand
    // twice.
    void add_partners(std::string_view organization, const mail::Domain& sender,
                      Positions& found) const;
    // Those for "*": a sender at an address literal is in no domain.
    void add_partners_of_any(std::string_view organization, Positions& found) const;

private:
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept
        {
            return std::hash<std::string_view>{}(text);
        }
    };
    template <typename Value>
    using ByText = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;
    struct Block {
        IpAddress base;
        int prefix = 0;
        bool operator==(const Block&) const = default;
    };
    struct BlockHash {
        std::size_t operator()(const Block& block) const noexcept
        {
            return std::hash<IpAddress>{}(block.base) ^ static_cast<std::size_t>(block.prefix);
        }
    };
    struct Claims {
        Network network;
        Positions connectors;
    };
    struct Senders {  // of one organization's partners
        ByText<Positions> exact;
        ByText<Positions> below;
        Positions any;
    };

    void add(const InboundConnector& connector, Position at);
    void add_networks(const InboundConnector& connector, Position at);
    void add_names(const InboundConnector& connector, Position at);
    void add_senders(const InboundConnector& connector, Position at);

    std::unordered_map<Block, Claims, BlockHash> networks_;
    std::vector<int> prefixes_v4_;  // those that occur, longest first
    std::vector<int> prefixes_v6_;
    ByText<Positions> names_;            // "mx.example.org"
    ByText<Positions> names_below_;      // "*.example.org", by "example.org"
    ByText<Positions> names_by_parent_;  // those of names_, by what a wildcard may stand before
    ByText<Senders> senders_;            // by organization
};

}  // namespace hermetic::objects
