// TLS contexts: built once per profile, shared by every connection that has it. No judgement here.
//
// Contexts are immutable after they are made; sharing between threads is safe. OpenSSL's headers
// stay out of this one (tls/openssl.h is the adapter's own).
#pragma once

#include "core/result.h"
#include "core/time.h"
#include "facts/dns.h"
#include "facts/tls.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::tls {

// What is wrong with a configuration: file, and what is expected.
struct ConfigError {
    std::string what;      // "tls/key.pem: the key does not belong to the certificate"
    std::string expected;  // "the key that the certificate was issued for"
};

// A chain and its key, decoded once. Thread-safe to share.
class Certificate;

struct CertificateSource {
    std::string name;        // the object's
    std::string chain_file;  // PEM, leaf first; a wrong order is repaired, a hole is refused
    std::string key_file;    // PEM; refused where everybody may read it (0640 is accepted)
};

[[nodiscard]] Result<std::shared_ptr<const Certificate>, ConfigError> load_certificate(
    const CertificateSource& source);
[[nodiscard]] const facts::CertificateFacts& facts_of(const Certificate& certificate);

// What there is of a certificate that ensure_self_signed() makes.
struct MadeCertificate {
    std::shared_ptr<const Certificate> usable;  // null: ensure_self_signed() would make one
    std::string damage;  // why what is there cannot be used; empty: it can, or nothing is there
};
// Writes nothing. The error: a file that is there and cannot be read, so that it may be good.
[[nodiscard]] Result<MadeCertificate, ConfigError> inspect_self_signed(
    const CertificateSource& source);

// Makes a self-signed ECDSA P-256 certificate for `host`, valid ten years, files 0600, written by
// rename; does nothing where both exist and load_certificate() takes them. A good key is used
// again; what is damaged is kept beside as `.unusable`; what cannot be read is an error.
[[nodiscard]] Result<void, ConfigError> ensure_self_signed(const CertificateSource& source,
                                                           const std::string& host, WallTime now);

// The same in memory, to try a configuration with; a new one each time.
[[nodiscard]] Result<std::shared_ptr<const Certificate>, ConfigError> make_self_signed(
    const std::string& host, WallTime now);

// Asked for; a chain that does not verify ends no handshake, the verdict is in the evidence.
enum class ClientCertificates : std::uint8_t { Off, Request, Require };

// What a client's certificate must have been issued for (RFC 5280 §4.2.1.12), with its whole chain.
// A departure: public CAs have stopped issuing for client use, so that a server's counts as well.
enum class ClientPurpose : std::uint8_t { ClientOrServer, Client };

class CaSet;

struct ServerProfile {
    facts::TlsVersion min = facts::TlsVersion::Tls12;
    facts::TlsVersion max = facts::TlsVersion::Tls13;
    std::string ciphers;  // OpenSSL's list for TLS 1.2 and below; empty: the library's
    std::string groups;   // empty: the library's
    ClientCertificates client_certificates = ClientCertificates::Off;
    std::shared_ptr<const CaSet> client_cas;  // for the verdict on client chains; null: not checked
    std::vector<std::shared_ptr<const Certificate>>
        certificates;  // by SNI; the first is the default
    // The only one that is spoken here, where the client names protocols (ALPN); empty: mail's.
    std::string protocol;
};

// One listener's. Ticket keys belong to it alone; no 0-RTT; renegotiation refused.
class ServerContext;
[[nodiscard]] Result<std::shared_ptr<const ServerContext>, ConfigError> make_server_context(
    const ServerProfile& profile);

// A set of CAs, loaded once (the system's takes tens of milliseconds).
[[nodiscard]] Result<std::shared_ptr<const CaSet>, ConfigError> load_system_cas();
[[nodiscard]] Result<std::shared_ptr<const CaSet>, ConfigError> load_cas(
    const std::string& pem_file);

// CRLs of a folder: every file named *.pem, *.crl or *.der in it, PEM or DER. Immutable.
class CrlSet;
struct LoadedCrls {
    std::shared_ptr<const CrlSet> crls;  // null: `faults` say why
    std::vector<ConfigError> faults;     // what cannot be read, each with what counts meanwhile
    std::vector<std::string> files;      // to be watched, also those that cannot be read
};
// Each file counts by itself: what can be read counts at once, and of a file that cannot what it
// said in `before` stays in force. Where nothing of this folder was read before, one file that
// cannot be read leaves it at `before` (null: there is none): nobody knows what the file revokes.
[[nodiscard]] LoadedCrls load_crls(const std::string& folder,
                                   const std::shared_ptr<const CrlSet>& before = nullptr);
// One of them says when its successor is due, and that has passed: "CRL of …, due 2026-01-02".
[[nodiscard]] std::vector<std::string> overdue(const CrlSet& crls, WallTime now);

// What a client judges a peer's chain by.
struct Trust {
    std::shared_ptr<const CaSet> cas{};     // null: no verdict on the chain
    std::shared_ptr<const CaSet> system{};  // for evidence.system_verdict; null: nobody asks
    std::shared_ptr<const CrlSet> crls{};   // null: there are none
    // A stapled OCSP response is asked for, and believed where it is signed as it must be.
    bool stapled = false;
};

// What a client is, and judges peers by, beside its TlsPolicy: the content of CAs, CRLs and own
// certificate, as text. Connections and sessions made under another one are not used (specification
// §4.5). The certificate may be null.
[[nodiscard]] std::string identity_digest(const Trust& trust,
                                          const Certificate* client_certificate);

// How ready the hello is to be misunderstood: the steps of the ladder (specification §4.3).
enum class Hello : std::uint8_t {
    Full,     // everything the library has
    Minimal,  // no ticket, one classical group
};

// Handshakes of TLS 1.2 that lack something of today's strength (facts::Weakness).
enum class WeakHandshakes : std::uint8_t { Refused, Accepted };

struct ClientProfile {
    facts::TlsVersion min = facts::TlsVersion::Tls12;
    facts::TlsVersion max = facts::TlsVersion::Tls13;
    Hello hello = Hello::Full;
    bool fallback_scsv = false;  // TLS_FALLBACK_SCSV (RFC 7507), for a lowered version
    WeakHandshakes weak = WeakHandshakes::Refused;
    std::string ciphers;
    std::shared_ptr<const Certificate> client_certificate;  // null: none is shown
};

class ClientContext;
[[nodiscard]] Result<std::shared_ptr<const ClientContext>, ConfigError> make_client_context(
    const ClientProfile& profile);

// Sessions to resume, by reuse key (specification §4.5). Not thread-safe: one per core. Bounded.
class SessionCache;
struct SessionCacheDeleter {
    void operator()(SessionCache* cache) const;
};
using SessionCachePointer = std::unique_ptr<SessionCache, SessionCacheDeleter>;
[[nodiscard]] SessionCachePointer make_session_cache(std::size_t max_sessions);

struct ClientHandshake {
    std::shared_ptr<const ClientContext> context;
    Trust trust;
    std::string sni;            // empty: none is sent (an address)
    std::string expected_name;  // evidence.name_matches tells whether the leaf has it
    SessionCache* cache = nullptr;
    // The host's TLSA records: evidence.tlsa has the verdict by them. Null: there are none.
    std::shared_ptr<const facts::TlsaSet> tlsa{};
    std::string reuse_key;  // sessions are stored and resumed under exactly this key
};

}  // namespace hermetic::tls
