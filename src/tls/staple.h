// The OCSP response that a server staples to its handshake (RFC 6066 §8). Private to tls/.
//
// A resumed handshake brings none: the session keeps the one that it began with, and its dates are
// looked at each time.
#pragma once

#include "tls/openssl.h"

#include <string_view>

namespace hermetic::tls {

void ask_for_staple(SSL* ssl);

// DER; empty where none came. Valid as long as the connection and its session.
[[nodiscard]] std::string_view staple_of(SSL* ssl);

// For a session that this connection got.
void keep_staple(SSL* ssl, SSL_SESSION* session);

}  // namespace hermetic::tls
