// What a TLS handshake showed: evidence as values. tls/ extracts it, policy/ judges it.
#pragma once

#include "core/time.h"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::facts {

enum class TlsVersion : std::uint8_t { None, Tls10, Tls11, Tls12, Tls13 };  // ordered by strength

[[nodiscard]] std::string_view format_version(TlsVersion version);  // "none", "TLSv1.0" … "TLSv1.3"
[[nodiscard]] std::optional<TlsVersion> parse_version(std::string_view text);  // "1.2" or "TLSv1.2"

struct CertificateFacts {
    std::string subject;  // printable, bounded
    std::string issuer;
    std::vector<std::string>
        dns_names;  // subjectAltName dNSName only, printable, bounded in number
    WallTime not_before{};
    WallTime not_after{};
    std::string spki_sha256;  // lower-case hex
    std::string sha256;       // of the whole certificate
    std::string key_type;     // "EC P-256", "RSA 2048", "ED25519"
    int key_bits = 0;
    std::string signature_algorithm;  // "ecdsa-with-SHA256"
    std::size_t more_names = 0;       // that brief() has left out of dns_names
    bool operator==(const CertificateFacts&) const = default;
};

// What is wrong with a chain that does not verify.
enum class ChainFault : std::uint8_t {
    None,  // it verifies, or was not looked at
    Expired,
    NotYetValid,
    UnknownCa,        // its last certificate is of a CA that is not trusted here
    SelfSigned,       // the leaf is its own issuer
    IncompleteChain,  // certificates between the leaf and a CA were not sent
    Revoked,          // by a CRL or a stapled OCSP response
    StapleMissing,    // the leaf demands a staple (RFC 7633), no good one came
    WeakKey,
    WeakSignature,
    WrongPurpose,  // issued for another use, or by what is no CA
    Other,         // `error` says what
};

// The verdict on a chain against one set of CAs. Names are judged apart.
struct ChainVerdict {
    enum class State : std::uint8_t {
        NoCertificate,  // the peer showed none
        NotChecked,     // nothing asked for a verdict
        Verified,
        Failed,
    };
    State state = State::NotChecked;
    std::string error;  // OpenSSL's words for Failed: "certificate has expired"
    // Of the certificate at fault, where the state is Failed; printable, bounded.
    ChainFault fault = ChainFault::None;
    std::string subject{};
    std::string issuer{};
    WallTime not_before{};
    WallTime not_after{};
    bool operator==(const ChainVerdict&) const = default;
};

// A chain against a host's TLSA records (RFC 7671 §5); the names are RFC 8460's.
enum class TlsaVerdict : std::uint8_t {
    NotChecked,
    Matched,
    Mismatch,      // no record is the chain's
    Expired,       // a DANE-TA chain matches but for its dates
    HostMismatch,  // a DANE-TA chain matches but for its names
    ChainInvalid,  // a record matches, but a key is too weak, or a DANE-TA chain fails otherwise
};

// What CRLs and a stapled OCSP response say of a verified chain (specification §4.1).
enum class Revocation : std::uint8_t {
    Unknown,        // nothing is said, or nothing that can be believed
    Good,           // a stapled response vouches for the leaf
    Revoked,        // the chain's verdict is Failed for it
    StapleMissing,  // the leaf demands a staple (RFC 7633), none came: the same
};

// What a handshake of TLS 1.2 lacks of today's strength (specification §4.1). Those of older
// versions lack all of it: their floor says whether they count.
enum class Weakness : std::uint8_t {
    None,
    Signature,      // the server signs it with SHA-1 or MD5
    Group,          // Diffie-Hellman below 2048 bits
    Renegotiation,  // without RFC 5746
};
[[nodiscard]] std::string_view describe(Weakness weakness);  // "signed with SHA-1"; "" for None

struct TlsEvidence {
    TlsVersion version = TlsVersion::None;
    std::string cipher;  // "TLS_AES_256_GCM_SHA384"
    std::string group;   // "X25519"; empty where unknown
    std::string sni;     // sent or received
    bool resumed = false;
    Weakness weakness = Weakness::None;   // of the server's side, as a client sees it
    std::vector<CertificateFacts> chain;  // the peer's, leaf first; at most 10
    ChainVerdict verdict;                 // against the system's CAs unless the profile names own
    // Against the system's CAs, where `verdict` is against others and somebody asked.
    std::optional<ChainVerdict> system_verdict;
    std::vector<std::string> verified_spki;  // SPKI hashes of the CAs in the verified chain
    Revocation revocation = Revocation::Unknown;
    TlsaVerdict tlsa = TlsaVerdict::NotChecked;
    bool name_matches = false;  // the leaf names the host that was asked for (client side)
    bool operator==(const TlsEvidence&) const = default;
};

// Why a handshake ended without a session.
struct TlsFailure {
    enum class Kind : std::uint8_t {
        Alert,     // the peer sent one
        Protocol,  // what came was not TLS, or broke its rules
        Closed,    // end of file or reset during the handshake
        TimedOut,
        Local,  // our side refused: version, certificate, configuration
    };
    Kind kind = Kind::Protocol;
    int alert = -1;     // TLS alert number where Kind::Alert (RFC 8446 §6); or the one we sent
    std::string words;  // "tlsv1 alert protocol version", bounded, printable
    std::vector<CertificateFacts> chain;  // where the failure was about the certificate
    bool after_hello = false;  // the peer had chosen version and cipher: it understood our hello
    Weakness weakness = Weakness::None;  // where it is what Local refused
    bool operator==(const TlsFailure&) const = default;
};

// What is kept of the many connections of an attempt: without the names of all certificates but the
// leaf, and with those of the leaf that take at most 16 KiB, `wanted` ones first, so that who asks
// for these is answered as before.
using WantedName = std::function<bool(std::string_view)>;
[[nodiscard]] TlsEvidence brief(TlsEvidence evidence, const WantedName& wanted);
[[nodiscard]] TlsFailure brief(TlsFailure failure);

// "handshake failure (40)"; "closed during the handshake".
[[nodiscard]] std::string describe(const TlsFailure& failure);

}  // namespace hermetic::facts
