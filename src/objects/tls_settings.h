// How mail to a next hop is to be protected, as an administrator states it.
//
// Pure. Specification §3.1 (fields) and §4.1 (levels); what follows from it is policy/tls_policy.h.
#pragma once

#include "core/time.h"
#include "facts/tls.h"
#include "mail/domain.h"
#include "mail/tls_level.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::objects {

using mail::name;
using mail::TlsLevel;

// A name that a certificate must have: "mx.example.org", or "*.example.org": one label below
// example.org, or that wildcard itself.
struct TlsName {
    bool below = false;
    mail::Domain domain;
    [[nodiscard]] static std::optional<TlsName> parse(std::string_view text);
    [[nodiscard]] std::string format() const;
    auto operator<=>(const TlsName&) const = default;
};

// SHA-256 of a subjectPublicKeyInfo: 64 hexadecimal digits, lower case.
[[nodiscard]] std::optional<std::string> parse_pin(std::string_view text);

enum class ConnectorMode : std::uint8_t {
    Enforce,
    Audit,  // delivers as without the connector's TLS settings, records what they would have done
    Off,    // its TLS settings do not count; the routing does
};

// What a connector wants of DANE, or of MTA-STS.
enum class Publication : std::uint8_t {
    Opportunistic,  // what the domain publishes is honoured
    Mandatory,      // and it must publish it
    None,           // what it publishes does not count
};

// How broken a handshake may be that is still one (specification §4.3, step 3).
enum class Compatibility : std::uint8_t {
    Normal,
    Weak,  // SHA-1 signatures, small groups, no RFC 5746: under `encrypt`, too
};

// Weaker values for a time, beside the lasting ones that hold again by themselves at its end.
struct TlsException {
    std::optional<TlsLevel> level;
    std::optional<facts::TlsVersion> min;
    std::optional<Publication> dane;
    std::optional<Publication> mta_sts;
    Compatibility compatibility = Compatibility::Normal;
    std::optional<WallTime> valid_until;  // set by every valid one
    std::string reason;                   // for people: why, and who is to mend it
    bool operator==(const TlsException&) const = default;
};

// SASL to smart hosts.
struct HopCredentials {
    std::string user;
    std::string password_file;  // its first line; not readable by everybody
    auto operator<=>(const HopCredentials&) const = default;
};

// A connector's. What is not set is the organization's.
struct TlsSettings {
    std::optional<TlsLevel> level;
    std::optional<facts::TlsVersion> min;
    std::optional<facts::TlsVersion> max;
    std::vector<TlsName> names;  // for verify_name; empty: specification §3.1 has the default
    // One of them is the leaf's, or a CA's in the verified chain (with encrypt the leaf's alone);
    // for encrypt and above.
    std::vector<std::string> pins;
    std::string ca;                  // file of the CAs that count; empty: the system's
    std::string client_certificate;  // a certificate object's name; empty: none is shown
    Publication dane = Publication::Opportunistic;
    Publication mta_sts = Publication::Opportunistic;
    std::optional<HopCredentials> auth;
    ConnectorMode mode = ConnectorMode::Enforce;
    std::optional<TlsException> exception;

    bool operator==(const TlsSettings&) const = default;
};
// The exception that holds now; null: there is none, or its time has passed.
[[nodiscard]] const TlsException* exception_at(const TlsSettings& tls, WallTime now);
// Whether they ask for, or show, something that says who the peer must be.
[[nodiscard]] bool proves_peer(const TlsSettings& tls);

}  // namespace hermetic::objects
