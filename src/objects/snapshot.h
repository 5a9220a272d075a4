// The compiled objects: immutable, shared, replaced whole. A transaction keeps the one it began
// with.
#pragma once

#include "objects/inbound_index.h"
#include "objects/objects.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace hermetic::objects {

class Snapshot {
public:
    struct Contents {
        std::vector<Organization> organizations;
        std::vector<AcceptedDomain> accepted_domains;
        std::vector<InboundConnector> inbound_connectors;
        std::vector<OutboundConnector> outbound_connectors;
        std::vector<Certificate> certificates;
        std::vector<Retirement> retirements;
        bool operator==(const Contents&) const = default;
    };

    explicit Snapshot(Contents contents, std::uint64_t revision = 0);

    [[nodiscard]] const Contents& contents() const { return contents_; }
    [[nodiscard]] std::uint64_t revision() const { return revision_; }
    // The one of this name; where it is not there any more, or no name is given, the first: its
    // times and levels hold then. An organization of defaults where there is none at all.
    [[nodiscard]] const Organization& organization(std::string_view name = {}) const;

    // The enabled accepted domain that `domain` belongs to: exact first, else the longest wildcard.
    // Two organizations never share one.
    [[nodiscard]] const AcceptedDomain* accepted_domain(const mail::Domain& domain) const;
    // The enabled one of this name as it stands in org.toml: "example.org", "*.example.org".
    [[nodiscard]] const AcceptedDomain* accepted_domain_named(std::string_view name) const;
    // Enabled inbound connectors by what a session shows (policy/inbound_attribution.h judges).
    [[nodiscard]] const InboundIndex& inbound() const { return inbound_; }
    [[nodiscard]] const InboundConnector& inbound_at(InboundIndex::Position position) const
    {
        return contents_.inbound_connectors[position];
    }
    // The organization that owns every enabled accepted domain; null where several do, or none.
    [[nodiscard]] const Organization* only_owner() const;
    // Specification §3.2 without rules, of one organization (empty: the first): exact, longest
    // wildcard, all_accepted_domains, "*".
    [[nodiscard]] const OutboundConnector* outbound_connector(std::string_view organization,
                                                              const mail::Domain& domain) const;
    // That for "*": an address literal is in no domain.
    [[nodiscard]] const OutboundConnector* outbound_connector_for_any(
        std::string_view organization) const;
    // The enabled one of this name.
    [[nodiscard]] const OutboundConnector* outbound_connector_named(const OwnedName& name) const;

private:
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
    using Index = std::unordered_map<std::string, std::size_t>;
    // Of one organization's outbound connectors.
    struct Outbound {
        Index exact;
        Index below;
        std::size_t accepted = kNone;
        std::size_t any = kNone;
    };
    void name_owners();
    void index_outbound(std::size_t at);
    [[nodiscard]] std::size_t find_only_owner() const;
    [[nodiscard]] const Outbound& outbound_of(std::string_view organization) const;
    [[nodiscard]] const OutboundConnector* outbound_at(std::size_t index) const;

    Contents contents_;
    std::uint64_t revision_;
    Index accepted_exact_;
    Index accepted_below_;
    Index organization_by_name_;
    std::vector<Outbound> outbound_;  // one per organization, at least one
    std::map<OwnedName, std::size_t> outbound_by_name_;
    InboundIndex inbound_;
    std::size_t only_owner_ = kNone;
};

using SnapshotPointer = std::shared_ptr<const Snapshot>;

}  // namespace hermetic::objects
