// What binds an account to a customer of the ACME server (RFC 8555 §7.3.4, external account
// binding): a key that the server's operator has given the customer, and its id.
//
// Pure but for the one small file that is read, blocking.
#pragma once

#include "core/result.h"
#include "tls/context.h"
#include "tls/signing_key.h"

#include <string>
#include <string_view>

namespace hermetic::acme {

struct Binding {
    std::string key_id;
    std::string key;  // of the HMAC, octets
};

// The file's first line has the key in base64url (RFC 4648 §5), as ACME servers hand it out, with
// padding or without; not everybody may read it. No octet of the key stands in an error.
[[nodiscard]] Result<Binding, tls::ConfigError> load_binding(const std::string& key_id,
                                                             const std::string& hmac_file);

// The member externalAccountBinding of a request for an account that is sent to `url`, as JSON: the
// public half of `account`, signed with the customer's key by HMAC-SHA256.
[[nodiscard]] std::string format_binding(const Binding& binding, const tls::SigningKey& account,
                                         std::string_view url);

}  // namespace hermetic::acme
