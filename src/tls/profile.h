// What server and client contexts have in common. Private to tls/.
#pragma once

#include "tls/context.h"
#include "tls/openssl.h"

#include <optional>
#include <string>

namespace hermetic::tls {

struct CommonProfile {
    facts::TlsVersion min;
    facts::TlsVersion max;
    std::string ciphers;
    std::string groups;
    int security_level;
};

// nullopt: done.
[[nodiscard]] std::optional<ConfigError> apply(const CommonProfile& profile, SSL_CTX* context);

// Alerts are seen by the Connection that `connection_of(ssl)` names.
void watch_alerts(SSL_CTX* context);
// So are messages of the handshake protocol.
void watch_handshake_messages(SSL_CTX* context);

}  // namespace hermetic::tls
