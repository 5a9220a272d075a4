// What the parts of validate.cc share, and the part for inbound connectors.
//
// Private to objects/. Pure.
#pragma once

#include "config/faults.h"
#include "objects/snapshot.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hermetic::objects {

using config::Faults;

// A name stands in replies, logs, headers and keys as it is: no controls, and nothing that turns
// the direction of text.
void validate_name(const std::string& section, std::size_t index, std::string_view name,
                   Faults& faults);

// Specification §1: a name is unique within its organization and kind.
template <typename Object>
void validate_names(const std::string& section, const std::vector<Object>& objects, Faults& faults)
{
    std::set<std::pair<std::string_view, std::string_view>> names;
    for (std::size_t i = 0; i < objects.size(); ++i) {
        validate_name(section, i, objects[i].name, faults);
        if (names.emplace(objects[i].organization, objects[i].name).second) continue;
        faults.add(section, i, "name",
                   fmt::format("another {} of its organization has this name", section),
                   "a unique name");
    }
}

// What lasts beside an exception; of an accepted domain's next hop, which is ours, `encrypt`
// where nothing is said (specification §1 and §3.1).
enum class LastingBase : std::uint8_t { Organization, OwnNextHop };
struct LastingTls {
    TlsLevel level = TlsLevel::Opportunistic;
    facts::TlsVersion min = facts::TlsVersion::Tls12;
};
[[nodiscard]] LastingTls lasting_tls(const Organization& organization, const NextHop& next_hop,
                                     const TlsSettings& tls, LastingBase base);

// validate_tls.cc
void validate_connector_tls(const Organization& organization, const OutboundConnector& connector,
                            std::size_t index, Faults& faults);
void validate_next_hop_tls(const Organization& organization, const AcceptedDomain& domain,
                           std::size_t index, Faults& faults);

// validate_inbound.cc
void validate_inbound(const Snapshot::Contents& contents, Faults& faults);

}  // namespace hermetic::objects
