// OpenSSL contexts of the generator and of the sink, set for speed and not for safety: nothing is
// verified. A context belongs to one thread, so that none waits for another's lock.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace hermetic::load {

struct FreeTls {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* connection) const { SSL_free(connection); }
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeTls>;
using TlsConnection = std::unique_ptr<SSL, FreeTls>;
using TlsSession = std::unique_ptr<SSL_SESSION, FreeTls>;

enum class TlsVersion { V12, V13 };
enum class KeepBuffers { Yes, No };  // No: a session that is idle holds no buffers

// Sessions a server gave, newest last. TLS 1.3 servers may take each only once, so they are spent
// while there are others.
class SessionPool {
public:
    static constexpr std::size_t kMost = 512;

    void put(TlsSession session);
    // Sets one on a connection that has not begun its handshake; nothing when there is none.
    void offer(SSL* connection);

private:
    std::vector<TlsSession> sessions_;
};

// Sessions go to the pool that is the connection's app data (SSL_set_app_data), when it has one.
// Throws std::runtime_error.
[[nodiscard]] TlsContext make_client_context(TlsVersion version, KeepBuffers keep);

// Without a certificate file: one of its own, P-256, valid for a day, made on the spot and signed
// by itself. Both versions, tickets on. Throws std::runtime_error.
class ServerCertificate {
public:
    ServerCertificate(const std::string& chain_file, const std::string& key_file);
    ~ServerCertificate();
    ServerCertificate(const ServerCertificate&) = delete;
    ServerCertificate& operator=(const ServerCertificate&) = delete;

    // Contexts of one certificate take each other's tickets.
    [[nodiscard]] TlsContext make_context() const;

private:
    std::array<unsigned char, 80> ticket_keys_{};
    std::string chain_file_;
    std::string key_file_;
    EVP_PKEY* key_ = nullptr;
    X509* certificate_ = nullptr;
};

// The last error of OpenSSL in this thread, in words; clears its queue.
[[nodiscard]] std::string tls_error();

}  // namespace hermetic::load
