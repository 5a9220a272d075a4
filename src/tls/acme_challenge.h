// The server's side of tls-alpn-01 (RFC 8737): certificates that are good for nothing else.
#pragma once

#include "core/result.h"
#include "tls/context.h"

#include <memory>
#include <string>
#include <vector>

namespace hermetic::tls {

struct AcmeProof {
    std::string domain;
    std::string digest;  // SHA-256 of the key authorization, base64url without padding
};

// Answers only clients that offer the protocol "acme-tls/1", each domain with its own self-signed
// certificate.
[[nodiscard]] Result<std::shared_ptr<const ServerContext>, ConfigError> make_challenge_context(
    const std::vector<AcmeProof>& proofs);

}  // namespace hermetic::tls
