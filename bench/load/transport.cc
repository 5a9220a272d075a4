#include "load/transport.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>
#include <unistd.h>

namespace hermetic::load {
namespace {

constexpr std::size_t kRecord = 16384;  // what one TLS record holds

void set_option(int descriptor, int level, int option)
{
    const int on = 1;
    setsockopt(descriptor, level, option, &on, sizeof on);
}

}  // namespace

void set_no_delay(int descriptor)
{
    set_option(descriptor, IPPROTO_TCP, TCP_NODELAY);
}

int open_listener(const Endpoint& endpoint)
{
    const int descriptor = socket(endpoint.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        throw std::system_error(errno, std::generic_category(), "socket");
    }
    set_option(descriptor, SOL_SOCKET, SO_REUSEADDR);
    set_option(descriptor, SOL_SOCKET, SO_REUSEPORT);
    if (bind(descriptor, endpoint.raw(), endpoint.length) != 0 || listen(descriptor, 4096) != 0) {
        const int reason = errno;
        ::close(descriptor);
        throw std::system_error(reason, std::generic_category(), format_endpoint(endpoint));
    }
    return descriptor;
}

Endpoint local_endpoint(int descriptor)
{
    Endpoint endpoint;
    endpoint.length = sizeof endpoint.address;
    getsockname(descriptor, endpoint.raw(), &endpoint.length);
    return endpoint;
}

bool Transport::connect(const Endpoint& to, const Endpoint* from)
{
    descriptor_ = socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor_ < 0) {
        static_cast<void>(system_error("socket"));
        return false;
    }
    set_no_delay(descriptor_);
    if (from != nullptr) {
        // The port is chosen when the destination is known, so that each source has all of them.
        set_option(descriptor_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
        if (bind(descriptor_, from->raw(), from->length) != 0) {
            static_cast<void>(system_error("bind"));
            return false;
        }
    }
    if (::connect(descriptor_, to.raw(), to.length) != 0 && errno != EINPROGRESS) {
        static_cast<void>(system_error("connect"));
        return false;
    }
    return true;
}

void Transport::adopt(int descriptor)
{
    descriptor_ = descriptor;
    set_no_delay(descriptor_);
}

void Transport::close()
{
    if (descriptor_ < 0) {
        return;
    }
    if (tls_ && established_) {
        SSL_shutdown(tls_.get());  // also keeps the session good for resumption
        ERR_clear_error();
    }
    tls_.reset();
    established_ = false;
    ::close(descriptor_);
    descriptor_ = -1;
}

bool Transport::start_tls(SSL_CTX* context, SessionPool* pool, Side side)
{
    tls_.reset(SSL_new(context));
    if (!tls_ || SSL_set_fd(tls_.get(), descriptor_) != 1) {
        error_ = tls_error();
        return false;
    }
    SSL_set_app_data(tls_.get(), pool);
    if (side == Side::Server) {
        SSL_set_accept_state(tls_.get());
        return true;
    }
    if (pool != nullptr) {
        pool->offer(tls_.get());
    }
    SSL_set_connect_state(tls_.get());
    return true;
}

Io Transport::handshake()
{
    ERR_clear_error();
    const int result = SSL_do_handshake(tls_.get());
    if (result == 1) {
        established_ = true;
        return Io::Done;
    }
    return tls_result(result);
}

Io Transport::read(std::span<char> buffer, std::size_t& count)
{
    count = 0;
    if (tls_) {
        const int result = SSL_read_ex(tls_.get(), buffer.data(), buffer.size(), &count);
        return result == 1 ? Io::Done : tls_result(result);
    }
    const ssize_t result = recv(descriptor_, buffer.data(), buffer.size(), 0);
    if (result > 0) {
        count = static_cast<std::size_t>(result);
        return Io::Done;
    }
    if (result == 0) {
        return Io::Closed;
    }
    return errno == EAGAIN || errno == EINTR ? Io::WaitRead : system_error("read");
}

Io Transport::write(std::string_view first, std::string_view second, std::size_t& count)
{
    count = 0;
    if (!tls_) {
        std::array<iovec, 2> parts{iovec{const_cast<char*>(first.data()), first.size()},
                                   iovec{const_cast<char*>(second.data()), second.size()}};
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = second.empty() ? 1 : 2;
        const ssize_t result = sendmsg(descriptor_, &message, MSG_NOSIGNAL);
        if (result >= 0) {
            count = static_cast<std::size_t>(result);
            return Io::Done;
        }
        return errno == EAGAIN || errno == EINTR ? Io::WaitWrite : system_error("write");
    }
    // Both in one record. A write that has to be repeated is put together again from the same
    // place, which is what OpenSSL asks for.
    // Aligned: mold 1.10 lays .tbss of octets so that the loader may refuse the program.
    alignas(std::max_align_t) thread_local std::array<char, kRecord> record;
    std::string_view octets = first.empty() ? second : first;
    if (!first.empty() && !second.empty() && first.size() < kRecord) {
        const std::size_t rest = std::min(second.size(), kRecord - first.size());
        std::memcpy(record.data(), first.data(), first.size());
        std::memcpy(record.data() + first.size(), second.data(), rest);
        octets = {record.data(), first.size() + rest};
    }
    const int result = SSL_write_ex(tls_.get(), octets.data(), octets.size(), &count);
    return result == 1 ? Io::Done : tls_result(result);
}

void Transport::acknowledge_quickly() const
{
    set_option(descriptor_, IPPROTO_TCP, TCP_QUICKACK);
}

Io Transport::tls_result(int result)
{
    switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
        return Io::WaitRead;
    case SSL_ERROR_WANT_WRITE:
        return Io::WaitWrite;
    case SSL_ERROR_ZERO_RETURN:
        return Io::Closed;
    case SSL_ERROR_SYSCALL:
        established_ = false;
        return errno == 0 ? Io::Closed : system_error("TLS");
    default:
        established_ = false;
        error_ = "TLS: " + tls_error();
        return Io::Failed;
    }
}

Io Transport::system_error(const char* what)
{
    error_ = std::string(what) + ": " + std::generic_category().message(errno);
    return Io::Failed;
}

}  // namespace hermetic::load
