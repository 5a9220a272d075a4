// Trust anchors of DNSSEC as text: DS and DNSKEY records, each on one line.
//
// Pure. RFC 1035 §5.1 (owner, TTL and class), RFC 4034 §2.2 (DNSKEY) and §5.3 (DS). libunbound
// itself reports a wrong one only at a start, and without its place.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hermetic::config {

struct TrustAnchorFault {
    std::string what;
    std::string expected;
};

// Nullopt: it can be used.
[[nodiscard]] std::optional<TrustAnchorFault> find_trust_anchor_fault(std::string_view text);

}  // namespace hermetic::config
