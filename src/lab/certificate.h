// Makes keys, certificates, revocation lists and OCSP answers with OpenSSL; the lab's PKI is made
// of these. Private header: only the lab's .cc files include it.
//
// Failure of OpenSSL to build what is asked for is a bug here, never a peer's doing: it aborts.
#pragma once

#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/x509.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace hermetic::lab {

template <auto free_function>
struct OpenSslFree {
    template <typename T>
    void operator()(T* object) const
    {
        free_function(object);
    }
};

using KeyPtr = std::unique_ptr<EVP_PKEY, OpenSslFree<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, OpenSslFree<X509_free>>;
using CrlPtr = std::unique_ptr<X509_CRL, OpenSslFree<X509_CRL_free>>;

struct Identity {
    CertificatePtr certificate;
    KeyPtr key;
};

enum class KeyKind { EcP256, Rsa2048, Rsa1024 };
enum class Usage { RootAuthority, IssuingAuthority, Server, Client };

struct CertificateRequest {
    std::string common_name;
    // subjectAltName: any octets, and iPAddress of 4 or 16. None: the extension is left out.
    std::vector<std::string> dns_names;
    std::vector<std::string> addresses{};
    Usage usage = Usage::Server;
    KeyKind key = KeyKind::EcP256;
    const EVP_MD* digest = nullptr;  // nullptr: SHA-256
    long serial = 1;
    std::chrono::seconds valid_from{-3600};  // relative to now
    std::chrono::seconds valid_until{30 * 86400};
};

// Issued by `issuer`, or self-signed where that is nullptr.
[[nodiscard]] Identity make_identity(const CertificateRequest& request, const Identity* issuer);

// Valid for 30 days; lists the given serial numbers.
[[nodiscard]] CrlPtr make_crl(const Identity& issuer, const std::vector<long>& revoked);

// A DER OCSP response about `certificate`, signed by its issuer.
[[nodiscard]] std::string make_ocsp_response(const X509* certificate, const Identity& issuer,
                                             int status);

// SHA-256 of its subjectPublicKeyInfo, in 64 hexadecimal digits: what a pin is.
[[nodiscard]] std::string key_pin(const X509& certificate);

[[nodiscard]] std::string to_pem(const X509& certificate);
[[nodiscard]] std::string to_pem(const EVP_PKEY& key);
[[nodiscard]] std::string to_pem(const X509_CRL& crl);

}  // namespace hermetic::lab
