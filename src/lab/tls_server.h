// A partner's TLS: an OpenSSL context with its version limits and certificate, and what a
// ClientHello offers. Private header: OpenSSL types.
#pragma once

#include "lab/behaviour.h"
#include "lab/pki.h"
#include "lab/record.h"

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace hermetic::lab {

using SslPtr = std::unique_ptr<SSL, OpenSslFree<SSL_free>>;

// Filled by the handshake, which stops once when the ClientHello has come
// (SSL_ERROR_WANT_CLIENT_HELLO_CB), so that the partner may decide to break.
struct HelloCapture {
    ClientHello hello;
    bool seen = false;
    bool hides_scsv = false;  // the server is to act as if it did not know RFC 5746
};

class TlsServer {
public:
    // `client_root`: the authority whose client certificates are accepted.
    TlsServer(const Behaviour& behaviour, ServerCredentials credentials, const X509* client_root);

    // The session writes the ClientHello into `capture`, which must outlive it.
    [[nodiscard]] SslPtr accept(HelloCapture& capture) const;

    [[nodiscard]] const X509* certificate() const { return credentials_->leaf.certificate.get(); }

private:
    std::unique_ptr<ServerCredentials> credentials_;  // the context points into it
    std::unique_ptr<SSL_CTX, OpenSslFree<SSL_CTX_free>> context_;
    HandshakeWeakness weakness_;
};

// What was agreed; only after a complete handshake.
[[nodiscard]] TlsSession describe_session(SSL& ssl);

// Whether a fault concerns a client that offers this.
[[nodiscard]] bool concerns(const HandshakeFault& fault, const ClientHello& hello);

// OpenSSL's words for what went wrong last in this thread; clears the queue.
[[nodiscard]] std::string take_tls_error();

}  // namespace hermetic::lab
