// The compiled objects: immutable, shared, replaced whole. A transaction keeps the one it began
// with.
#pragma once

#include "objects/objects.h"

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace hermetic::objects {

class Snapshot {
public:
    struct Contents {
        Organization organization;
        std::vector<AcceptedDomain> accepted_domains;
        std::vector<InboundConnector> inbound_connectors;
        std::vector<OutboundConnector> outbound_connectors;
        bool operator==(const Contents&) const = default;
    };

    explicit Snapshot(Contents contents, std::uint64_t revision = 0);

    [[nodiscard]] const Contents& contents() const { return contents_; }
    [[nodiscard]] std::uint64_t revision() const { return revision_; }
    [[nodiscard]] const Organization& organization() const { return contents_.organization; }

    // The enabled accepted domain that `domain` belongs to: exact first, else the longest wildcard.
    [[nodiscard]] const AcceptedDomain* accepted_domain(const mail::Domain& domain) const;
    // The enabled on_premises connector that admits `client`: the most specific network.
    [[nodiscard]] const InboundConnector* inbound_connector(const IpAddress& client) const;
    // Specification §3.2 without rules: exact, longest wildcard, "*".
    [[nodiscard]] const OutboundConnector* outbound_connector(const mail::Domain& domain) const;
    // The enabled one of this name.
    [[nodiscard]] const OutboundConnector* outbound_connector(std::string_view name) const;

private:
    Contents contents_;
    std::uint64_t revision_;
    std::unordered_map<std::string, std::size_t> accepted_exact_;
    std::unordered_map<std::string, std::size_t> accepted_below_;
    std::unordered_map<std::string, std::size_t> outbound_exact_;
    std::unordered_map<std::string, std::size_t> outbound_below_;
    std::unordered_map<std::string, std::size_t> outbound_by_name_;
    std::size_t outbound_any_ = static_cast<std::size_t>(-1);
};

using SnapshotPointer = std::shared_ptr<const Snapshot>;

}  // namespace hermetic::objects
