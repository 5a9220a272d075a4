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

enum class HostProtocol : std::uint8_t {
    Smtp,
    Lmtp,
    Smtps,  // SMTP in TLS from the first octet (RFC 8314 §3): a smart host's
};

// One host of a next hop.
struct NextHopHost {
    HostProtocol protocol = HostProtocol::Smtp;
    std::string host;  // DNS name; empty where address or unix_path is set
    std::optional<IpAddress> address;
    std::string unix_path;    // lmtp+unix
    std::uint16_t port = 25;  // where none is given: 24 for LMTP, 465 for SMTPS
    [[nodiscard]] std::string format()
        const;  // "smtp://host:25", "lmtp://[192.0.2.1]:24", "lmtp+unix:/path"
    auto operator<=>(const NextHopHost&) const = default;
};

// Whether mail to it never leaves this machine: a socket, an address of 127.0.0.0/8, ::1, or
// `localhost`, which DNS is not asked for (RFC 6761 §6.3). A name that DNS leads here is not: what
// it says today it may not say tomorrow.
[[nodiscard]] bool is_local(const NextHopHost& host);

// By MX of the recipient domain, or these hosts by equal load.
struct NextHop {
    bool mx = true;
    std::vector<NextHopHost> hosts;  // not empty unless mx
    bool operator==(const NextHop&) const = default;
};
// All of its hosts, where it has any.
[[nodiscard]] bool is_local(const NextHop& next_hop);

enum class DomainKind : std::uint8_t { Authoritative, InternalRelay };

struct AcceptedDomain {
    DomainPattern name;  // Exact or Below
    DomainKind kind = DomainKind::Authoritative;
    NextHop next_hop;
    // Of the hosts of next_hop, which are ours: what is not set is `encrypt`, whatever the
    // organization says of others' hosts (specification §1).
    TlsSettings tls;
    std::string connector;  // an outbound connector that carries its mail; empty: next_hop says
    bool any_recipient = true;
    std::vector<mail::Mailbox> recipients;  // where not any: compared without case
    bool smtputf8 = true;      // its mail system takes internationalised mail (RFC 6531)
    std::string organization;  // by name, here and below; never empty in a Snapshot
    bool enabled = true;
    std::string comment;
    bool operator==(const AcceptedDomain&) const = default;
};

enum class ConnectorKind : std::uint8_t {
    Partner,     // inbound: restricts
    OnPremises,  // inbound: grants
};

// A lower floor for a time, for sessions that the connector's certificate or network proves to be
// its own.
struct InboundException {
    std::optional<facts::TlsVersion> min_tls;  // set by every valid one, as what follows
    std::optional<WallTime> valid_until;
    std::string reason;
    bool operator==(const InboundException&) const = default;
};

// What a client's certificate must have been issued for (extended key usage, RFC 5280 §4.2.1.12).
// Public CAs have stopped issuing for client use, so that a server's counts as well.
enum class CertificatePurpose : std::uint8_t { ClientOrServer, Client };

// Specification §2.3.
struct InboundConnector {
    std::string name;
    std::string organization;
    ConnectorKind kind = ConnectorKind::Partner;
    std::vector<DomainPattern> sender_domains;
    std::vector<Network> networks;
    std::vector<TlsName> certificate_names;
    std::vector<std::string> listeners;  // on_premises: where alone it grants; empty: everywhere
    std::string ca;  // file of the CAs that count for certificate_names; empty: the system's
    CertificatePurpose certificate_purpose = CertificatePurpose::ClientOrServer;
    std::optional<bool> require_tls;           // not set: a partner's does
    std::optional<facts::TlsVersion> min_tls;  // not set: the organization's
    std::optional<InboundException> exception;
    bool require_certificate = false;  // one of certificate_names
    bool require_network = false;      // one of networks
    bool treat_as_internal = false;
    bool may_relay = false;                       // on_premises only
    ConnectorMode mode = ConnectorMode::Enforce;  // Audit suspends a partner's restrictions
    bool enabled = true;
    std::string comment;
    [[nodiscard]] bool requires_tls() const
    {
        return require_tls.value_or(kind == ConnectorKind::Partner);
    }
    bool operator==(const InboundConnector&) const = default;
};

// The exception that holds at this time; null: there is none, or its time has passed.
[[nodiscard]] const InboundException* exception_at(const InboundConnector& connector, WallTime now);

// What an object is found by among those of its kind: a name is unique within its organization.
struct OwnedName {
    std::string organization;
    std::string name;
    auto operator<=>(const OwnedName&) const = default;
};
template <typename Object>
[[nodiscard]] OwnedName owned_name(const Object& object)
{
    return {object.organization, object.name};
}

// Specification §3.1.
struct OutboundConnector {
    std::string name;
    std::string organization;
    ConnectorKind kind = ConnectorKind::Partner;
    std::vector<DomainPattern> recipient_domains;
    bool all_accepted_domains = false;  // on_premises only
    bool rule_scoped = false;           // only where a rule names it
    NextHop next_hop;
    TlsSettings tls;
    std::vector<mail::Mailbox> test_recipients;
    bool enabled = true;
    std::string comment;
    bool operator==(const OutboundConnector&) const = default;
};

// A chain and its key, by name.
struct Certificate {
    std::string name;
    std::string organization;
    std::string chain;  // PEM files; not readable by everybody, the key
    std::string key;
    std::string comment;
    bool operator==(const Certificate&) const = default;
};

enum class Direction : std::uint8_t { Inbound, Outbound };

// The plan by which old versions go (specification §4.6).
struct Retirement {
    std::string name;
    std::string organization;
    Direction direction = Direction::Inbound;
    std::vector<facts::TlsVersion> versions;  // 1.0, 1.1
    std::optional<WallTime> start;            // set by every valid plan
    std::optional<WallTime> end;
    bool enabled = true;
    std::string comment;
    bool operator==(const Retirement&) const = default;
};

// Specification §4.1.
enum class Revocation : std::uint8_t { Off, StapledAndCrl };

enum class RatchetMode : std::uint8_t { Off, Observe, Enforce };

// Specification §4.4.
struct RatchetSettings {
    RatchetMode mode = RatchetMode::Observe;
    std::uint16_t days = 14;
    Duration hold = std::chrono::hours{4};
    bool operator==(const RatchetSettings&) const = default;
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
    // Inbound: a session below it is good for no recipient of the organization; clear text is
    // another matter.
    facts::TlsVersion inbound_min_tls = facts::TlsVersion::Tls12;
    // Mail from its own domains needs a user or a connector that grants (5.7.68).
    bool own_domains_need_evidence = false;
    Revocation revocation = Revocation::StapledAndCrl;
    std::string crl_folder;  // of PEM files; empty: there are none
    RatchetSettings ratchet;
    std::string comment;
    bool operator==(const Organization&) const = default;
};

}  // namespace hermetic::objects
