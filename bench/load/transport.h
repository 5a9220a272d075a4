// A TCP connection that may be under TLS: non-blocking reads and writes without copies of their
// own. Owned by one thread.
#pragma once

#include "load/address.h"
#include "load/tls.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace hermetic::load {

enum class Io {
    Done,
    WaitRead,
    WaitWrite,
    Closed,  // the peer closed
    Failed,  // error() says why
};

enum class Side { Client, Server };

class Transport {
public:
    Transport() = default;
    ~Transport() { close(); }
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;

    // Begins to connect; the first read tells whether that worked. False: error() says why not.
    // from: nullptr for any address.
    [[nodiscard]] bool connect(const Endpoint& to, const Endpoint* from);
    void adopt(int descriptor);  // an accepted, non-blocking one
    // Sends a close_notify when under TLS.
    void close();

    // The handshake comes next. The connection's app data is `pool` (may be nullptr).
    [[nodiscard]] bool start_tls(SSL_CTX* context, SessionPool* pool, Side side);
    [[nodiscard]] Io handshake();

    // Io::Done: count octets, at least one.
    [[nodiscard]] Io read(std::span<char> buffer, std::size_t& count);
    // Writes some of first, then some of second, as if they were one.
    [[nodiscard]] Io write(std::string_view first, std::string_view second, std::size_t& count);
    // More may be read although the socket has nothing: what OpenSSL has read ahead.
    [[nodiscard]] bool has_pending() const { return tls_ && SSL_has_pending(tls_.get()) == 1; }
    // The peer's next segment is acknowledged at once; holds until the kernel thinks otherwise.
    void acknowledge_quickly() const;

    [[nodiscard]] int descriptor() const { return descriptor_; }
    [[nodiscard]] SSL* tls() const { return tls_.get(); }
    [[nodiscard]] bool shaking_hands() const { return tls_ && !established_; }
    [[nodiscard]] const std::string& error() const { return error_; }

private:
    [[nodiscard]] Io tls_result(int result);
    [[nodiscard]] Io system_error(const char* what);

    int descriptor_ = -1;
    TlsConnection tls_;
    bool established_ = false;
    std::string error_;
};

// A listening socket, non-blocking; several threads may each have one on the same port. Throws
// std::system_error.
[[nodiscard]] int open_listener(const Endpoint& endpoint);
[[nodiscard]] Endpoint local_endpoint(int descriptor);
// TCP_NODELAY; non-blocking sockets only.
void set_no_delay(int descriptor);

}  // namespace hermetic::load
