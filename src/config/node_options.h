// The settings of one node, as hermetic.toml gives them: plain values with their defaults.
//
// Each option is declared once, in config/options.cc (key, type, default, bounds, documentation):
// parser, validation and docs/reference/node.md all come from there.
#pragma once

#include "core/ip.h"
#include "core/time.h"
#include "facts/tls.h"

#include <cstdint>
#include <string>
#include <vector>

namespace hermetic::config {

enum class ListenerRole : std::uint8_t { Relay, Lmtp };
enum class ListenerTls : std::uint8_t { Off, StartTls, Implicit };
enum class ClientCertificates : std::uint8_t { Off, Request, Require };
enum class BareNewlines : std::uint8_t { Refuse, Repair };
// "u%other@ours", "other!u@ours", "\"u@other\"@ours".
enum class RoutedAddresses : std::uint8_t { Refuse, Accept };
enum class AcmeChallenge : std::uint8_t { Http01, TlsAlpn01 };
enum class LogFormat : std::uint8_t { Json, Text };

struct ListenerOptions {
    std::string name;
    ListenerRole role = ListenerRole::Relay;
    std::vector<Endpoint> addresses;
    ListenerTls tls = ListenerTls::StartTls;
    facts::TlsVersion min_tls = facts::TlsVersion::Tls12;
    facts::TlsVersion max_tls = facts::TlsVersion::Tls13;
    std::string ciphers;
    std::string groups;
    std::vector<std::string> certificates;
    ClientCertificates client_certificates = ClientCertificates::Off;
    std::vector<Network> proxy_networks;
    std::vector<Network> xclient_networks;
    std::vector<Network>
        legacy_networks;  // of clients that may use it, where it takes old versions
    // Takes TLS 1.0 or 1.1, from its named networks.
    [[nodiscard]] bool is_legacy() const
    {
        return tls != ListenerTls::Off && min_tls < facts::TlsVersion::Tls12;
    }
    bool operator==(const ListenerOptions&) const = default;
};

struct CertificateOptions {
    std::string name;
    std::string chain;  // absolute after loading: relative paths count from hermetic.toml's folder
    std::string key;
    // By ACME (RFC 8555) instead: chain and key lie below data_directory then.
    std::string acme;     // the directory's URL; empty: no ACME
    std::string acme_ca;  // empty: the system's
    std::string acme_contact;
    // Of external account binding (RFC 8555 §7.3.4): both or none.
    std::string acme_eab_key_id;
    std::string acme_eab_hmac_file;
    std::vector<std::string> acme_domains;  // the first names the certificate
    AcmeChallenge acme_challenge = AcmeChallenge::Http01;
    bool operator==(const CertificateOptions&) const = default;
};

// For all certificates by ACME.
struct AcmeOptions {
    std::vector<Endpoint> http;  // where http-01 is answered while an order is under way
    std::vector<Endpoint> tls;   // the same of tls-alpn-01
    bool operator==(const AcmeOptions&) const = default;
};

struct LimitOptions {
    std::uint64_t message_size = 100ULL << 20;
    std::uint32_t header_size = 1U << 20;
    std::uint32_t recipients = 1000;  // per transaction
    std::uint32_t messages_per_session = 1000;
    std::uint32_t errors_per_session = 20;
    std::uint32_t commands_per_message = 1000;  // beside the recipients
    std::uint32_t sessions = 20000;             // in all
    std::uint32_t sessions_per_client = 200;    // per address
    // Of one address that nothing exempts; 0: no limit.
    std::uint32_t messages_per_client = 600;            // a minute
    std::uint32_t connections_per_client = 300;         // a minute
    std::uint32_t refused_recipients_per_client = 300;  // an hour
    std::uint32_t received_fields = 100;                // RFC 5321 §6.3
    std::uint64_t memory = 1ULL << 30;                  // of arriving messages, in all
    Duration command_timeout = std::chrono::minutes{5};
    Duration data_timeout = std::chrono::minutes{10};  // between two pieces of a message
    Duration misuse_delay = std::chrono::milliseconds{100};
    Duration handshake_timeout = std::chrono::seconds{30};
    Duration session_time = std::chrono::hours{4};
    BareNewlines bare_newlines = BareNewlines::Refuse;
    RoutedAddresses routed_addresses = RoutedAddresses::Refuse;
    bool operator==(const LimitOptions&) const = default;
};

struct ResolverNodeOptions {
    std::vector<Endpoint> forward;
    std::vector<std::string> trust_anchors;
    std::string root_anchor_file = "/usr/share/dns/root.key";
    Duration timeout = std::chrono::seconds{10};
    bool operator==(const ResolverNodeOptions&) const = default;
};

struct DeliveryOptions {
    std::uint16_t port = 25;
    bool allow_loopback = false;
    bool allow_private = false;
    std::string ehlo_name;  // empty: hostname
    std::vector<IpAddress>
        source_addresses;  // first of each family is used; empty: the kernel's choice
    std::uint32_t connections_per_destination = 20;
    std::uint32_t connections = 2000;  // in all
    std::uint32_t messages_per_connection = 100;
    Duration idle_connection = std::chrono::seconds{5};
    Duration connect_timeout = std::chrono::seconds{30};
    Duration greeting_timeout = std::chrono::minutes{5};
    Duration command_timeout = std::chrono::minutes{5};  // RFC 5321 §4.5.3.2
    Duration data_timeout = std::chrono::minutes{3};
    Duration data_end_timeout = std::chrono::minutes{10};
    // Of an attempt to reach a host; what it leaves untried comes first in the next one.
    Duration attempt_time = std::chrono::minutes{10};
    Duration dead_host = std::chrono::minutes{5};  // a host that could not be used is skipped
    bool operator==(const DeliveryOptions&) const = default;
};

struct SpoolOptions {
    std::uint64_t high_water = 1ULL << 30;  // free octets below which new mail gets 452
    std::uint64_t low_water = 2ULL << 30;   // free octets above which it is taken again
    std::uint64_t body_file_threshold = 256ULL << 10;
    std::uint64_t ballast = 16ULL << 20;  // released when the disk is full
    std::uint64_t max_messages = 10'000'000;
    bool operator==(const SpoolOptions&) const = default;
};

struct LogOptions {
    LogFormat format = LogFormat::Text;
    std::string file;  // empty: standard error
    std::string level = "info";
    bool operator==(const LogOptions&) const = default;
};

struct AdminOptions {
    std::string socket;       // empty: data_directory/admin.sock
    std::string read_socket;  // empty: none
    bool operator==(const AdminOptions&) const = default;
};

struct MetricsOptions {
    std::vector<Endpoint> addresses;  // empty: on the control sockets only
    bool operator==(const MetricsOptions&) const = default;
};

struct NodeOptions {
    std::string hostname;
    std::string data_directory;
    std::string organization_file;  // absolute after loading
    std::uint32_t cores = 0;        // 0: one per CPU
    std::vector<ListenerOptions> listeners;
    std::vector<CertificateOptions> certificates;
    LimitOptions limits;
    ResolverNodeOptions resolver;
    DeliveryOptions delivery;
    SpoolOptions spool;
    LogOptions log;
    AdminOptions admin;
    MetricsOptions metrics;
    AcmeOptions acme;
    bool operator==(const NodeOptions&) const = default;
};

}  // namespace hermetic::config
