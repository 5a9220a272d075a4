// The signed form of ACME's requests: flattened JWS with ES256 (RFC 8555 §6.2, RFC 7515 §7.2.2).
//
// Pure but for the randomness of the signature.
#pragma once

#include "tls/signing_key.h"

#include <string>
#include <string_view>

namespace hermetic::acme {

struct SignedHeader {
    std::string nonce;
    std::string url;
    std::string account;  // its URL; empty: the key itself is named (a new account)
};

// The body of the request. An empty payload reads what is at the URL (POST-as-GET, §6.3).
[[nodiscard]] std::string sign_request(const tls::SigningKey& key, const SignedHeader& header,
                                       std::string_view payload);

// What proves a challenge: the token and the key's thumbprint (RFC 8555 §8.1).
[[nodiscard]] std::string key_authorization(const tls::SigningKey& key, std::string_view token);

// The public half as a JWK, in the form that thumbprints are made of (RFC 7638 §3).
[[nodiscard]] std::string format_public_key(const tls::SigningKey& key);

// Head and body, base64url, with the signature's octets: the flattened form.
[[nodiscard]] std::string format_jws(std::string_view head, std::string_view body,
                                     std::string_view signature);

// base64url without padding (RFC 4648 §5).
[[nodiscard]] std::string to_base64url(std::string_view octets);

}  // namespace hermetic::acme
