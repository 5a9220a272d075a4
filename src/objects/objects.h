// The objects of an organization (specification §1), as values.
#pragma once

#include "core/ip.h"
#include "core/time.h"
#include "mail/address.h"
#include "mail/domain.h"
#include "objects/tls_settings.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::objects {

// "example.org" (itself), "*.example.org" (anything below it, not itself), "*" (every domain).
struct DomainPattern {
    enum class Kind : std::uint8_t { Exact, Below, Any };
    Kind kind = Kind::Any;
    std::optional<mail::Domain> domain;  // nullopt for Any
    [[nodiscard]] static std::optional<DomainPattern> parse(std::string_view text);
    [[nodiscard]] bool matches(const mail::Domain& other) const;
    [[nodiscard]] std::string format() const;
    auto operator<=>(const DomainPattern&) const = default;
};

enum class HostProtocol : std::uint8_t { Smtp, Lmtp };

// One host of a next hop.
struct NextHopHost {
    HostProtocol protocol = HostProtocol::Smtp;
    std::string host;  // DNS name; empty where address or unix_path is set
    std::optional<IpAddress> address;
    std::string unix_path;    // lmtp+unix
    std::uint16_t port = 25;  // 24 for LMTP where none is given
    [[nodiscard]] std::string format()
        const;  // "smtp://host:25", "lmtp://[192.0.2.1]:24", "lmtp+unix:/path"
    auto operator<=>(const NextHopHost&) const = default;
};

// By MX of the recipient domain, or these hosts by equal load.
struct NextHop {
    bool mx = true;
    std::vector<NextHopHost> hosts;  // not empty unless mx
    bool operator==(const NextHop&) const = default;
};

enum class DomainKind : std::uint8_t { Authoritative, InternalRelay };

struct AcceptedDomain {
    DomainPattern name;  // Exact or Below
    DomainKind kind = DomainKind::Authoritative;
    NextHop next_hop;
    bool any_recipient = true;
    std::vector<mail::Mailbox> recipients;  // where not any: compared without case
    bool enabled = true;
    std::string comment;
    bool operator==(const AcceptedDomain&) const = default;
};

struct InboundConnector {
    std::string name;
    std::vector<Network> networks;
    bool may_relay = false;
    bool enabled = true;
    std::string comment;
    bool operator==(const InboundConnector&) const = default;
};

struct OutboundConnector {
    std::string name;
    std::vector<DomainPattern> recipient_domains;
    NextHop next_hop;
    TlsSettings tls;
    bool enabled = true;
    std::string comment;
    bool operator==(const OutboundConnector&) const = default;
};

struct Organization {
    std::string name;
    std::optional<mail::Mailbox> postmaster;
    Duration delay_notice = std::chrono::hours{4};
    Duration delay_notice_tls = std::chrono::hours{1};
    Duration expiry = std::chrono::hours{24 * 5};
    Duration expiry_tls = std::chrono::hours{24};
    std::vector<Duration> retry_after;  // empty: 1, 5, 15, 15, 30 minutes, then hourly
    // Outbound, for all that no connector says otherwise about.
    TlsLevel tls = TlsLevel::Opportunistic;
    facts::TlsVersion min_tls = facts::TlsVersion::Tls12;
    facts::TlsVersion max_tls = facts::TlsVersion::Tls13;
    bool operator==(const Organization&) const = default;
};

}  // namespace hermetic::objects
