// How strongly a message is protected on a hop, and what has been asked for it.
//
// Pure values. Specification §4.1 (the levels) and §6.2 (mail that required TLS).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::mail {

// Weakest first. Part of the spool's format: the numbers stay.
enum class TlsLevel : std::uint8_t {
    None,           // never STARTTLS
    Opportunistic,  // TLS if it can be had, any certificate, else clear
    Encrypt,        // TLS, any certificate
    VerifyCa,       // and a chain that verifies; whose it is stays unproved
    VerifyName,     // and a name
    Dane,           // a TLSA record matches
};
[[nodiscard]] std::string_view name(TlsLevel level);  // "verify_name"

// What a message itself asks of every hop.
struct TlsRequests {
    bool requiretls = false;          // RFC 8689 §2
    bool tls_required_no = false;     // the header field of RFC 8689 §3
    TlsLevel level = TlsLevel::None;  // at least: a notice's, about mail that required so much

    // Whether what the recipient's domain publishes and the ratchet count for less. Beside
    // REQUIRETLS the field is ignored (RFC 8689 §4.1).
    [[nodiscard]] bool lifts() const { return tls_required_no && !requiretls; }

    bool operator==(const TlsRequests&) const = default;
};

// The strongest protection that was asked for a message, `encrypt` or more, and who asked.
struct RequiredTls {
    TlsLevel level = TlsLevel::Encrypt;
    std::string because;  // a dotted id: "dane.usable", "arrival.tls-required"

    bool operator==(const RequiredTls&) const = default;
};

// The stronger one; of equals the first.
[[nodiscard]] std::optional<RequiredTls> strongest(std::optional<RequiredTls> first,
                                                   std::optional<RequiredTls> second);

}  // namespace hermetic::mail
