// Keys that this server makes: an ACME account's, which signs its requests (RFC 7518 §3.4), and a
// certificate's, which signs the request for one (PKCS #10, RFC 2986). ECDSA on P-256.
//
// Immutable; copies share the key.
#pragma once

#include "core/result.h"
#include "tls/context.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace hermetic::tls {

class SigningKey {
public:
    [[nodiscard]] static SigningKey make();
    // A PEM file; any other kind of key is an error, like a damaged one.
    [[nodiscard]] static Result<SigningKey, ConfigError> load(const std::string& file);
    // Of a file that this server makes. Nullopt: there is none, or what is in it is no such key.
    // The error: it is there and cannot be read, so that it may be good.
    [[nodiscard]] static Result<std::optional<SigningKey>, ConfigError> load_kept(
        const std::string& file);

    [[nodiscard]] std::string pem() const;  // PKCS #8, not encrypted
    struct Point {
        std::string x;  // 32 octets, like y
        std::string y;
    };
    [[nodiscard]] Point public_point() const;
    // ES256: r and s, 64 octets.
    [[nodiscard]] std::string sign(std::string_view text) const;
    // DER. `names` are DNS names in ASCII, at least one; empty where one of them is none.
    [[nodiscard]] std::string certificate_request(const std::vector<std::string>& names) const;

private:
    explicit SigningKey(std::shared_ptr<evp_pkey_st> key) : key_{std::move(key)} {}
    [[nodiscard]] static Result<SigningKey, ConfigError> parse(std::string_view pem,
                                                               const std::string& file);
    std::shared_ptr<evp_pkey_st> key_;
};

// 32 octets.
[[nodiscard]] std::string sha256(std::string_view octets);
// The same number of them (RFC 2104).
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view octets);

}  // namespace hermetic::tls
