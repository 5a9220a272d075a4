// What a certificate and a chain say, as facts: bounded, printable, unjudged. Private to tls/.
#pragma once

#include "facts/tls.h"
#include "tls/openssl.h"

#include <string>
#include <vector>

namespace hermetic::tls {

// The bounds of what is taken from a peer's certificate.
inline constexpr std::size_t kMaxChain = 10;
// Of all names of a certificate, with what each takes beside its octets.
inline constexpr std::size_t kMaxNameOctets = std::size_t{1} << 20;

[[nodiscard]] facts::CertificateFacts describe_certificate(X509* certificate);

// For people: printable.
[[nodiscard]] std::string format_name(const X509_NAME* name);
// The epoch for what is no time.
[[nodiscard]] WallTime wall_time(const ASN1_TIME* time);

// SHA-256, hexadecimal.
[[nodiscard]] std::string hex_sha256(std::string_view octets);
[[nodiscard]] std::string certificate_digest(X509* certificate);
[[nodiscard]] std::string spki_digest(X509* certificate);

// subjectAltName dNSName only, lower case, printable: all of them, up to kMaxNameOctets. Which one
// counts is not known here, so none is left out for coming late.
[[nodiscard]] std::vector<std::string> dns_names_of(X509* certificate);

// Leaf first. `leaf` may be null; `rest` may be null and may repeat the leaf.
[[nodiscard]] std::vector<facts::CertificateFacts> describe_chain(X509* leaf,
                                                                  STACK_OF(X509) * rest);

enum class Purpose : std::uint8_t { Server, Client };

// True if a dNSName of the leaf is `name`; wildcards stand for one whole label; the subject's
// common name never counts (RFC 6125 §6.4.4 allows it, RFC 9525 no longer does).
[[nodiscard]] bool names_host(X509* leaf, const std::string& name);

[[nodiscard]] facts::TlsVersion version_from(int openssl_version);
[[nodiscard]] int version_to(facts::TlsVersion version);

}  // namespace hermetic::tls
