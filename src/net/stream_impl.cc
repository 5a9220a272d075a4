#include "net/stream_impl.h"

#include "core/assert.h"
#include "net/address.h"

#include <boost/asio/post.hpp>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace hermetic::net {

namespace asio = boost::asio;

namespace {

// After so many octets in one turn the other streams of the core are let run.
constexpr std::size_t kShare = 256 * 1024;
// What an operation costs beside its octets: many small ones are a turn, too.
constexpr std::size_t kOperation = 256;

}  // namespace

Stream::Impl::Impl(Core& its_core, AnySocket its_socket)
    : core{its_core}, socket{std::move(its_socket)}
{
    core.wheel().add(*this);
}

Stream::Impl::~Impl()
{
    core.wheel().remove(*this);
    tls.reset();  // before the descriptor that it uses is closed
}

void Stream::Impl::on_expired()
{
    expired = true;
    boost::system::error_code ignored;
    socket.cancel(ignored);
}

void Stream::Impl::on_cancelled()
{
    cancelled = true;
    boost::system::error_code ignored;
    if (socket.is_open()) socket.cancel(ignored);
}

std::optional<StreamError> Stream::Impl::interrupted() const
{
    if (cancelled || closed) return StreamError{StreamError::Kind::Cancelled, 0, {}};
    if (dead) return dead;
    if (expired) return StreamError{StreamError::Kind::TimedOut, 0, {}};
    return std::nullopt;
}

StreamError Stream::Impl::tls_error() const
{
    const facts::TlsFailure& failure = tls->failure();
    using Kind = facts::TlsFailure::Kind;
    if (failure.kind == Kind::Closed) return {StreamError::Kind::Closed, 0, {}};
    const auto kind =
        failure.kind == Kind::Alert ? StreamError::Kind::TlsAlert : StreamError::Kind::TlsBroken;
    return {kind, 0, failure};
}

StreamError Stream::Impl::error_of(const tls::Io& io) const
{
    switch (io.progress) {
    case tls::Progress::Closed:
        return {StreamError::Kind::Closed, 0, {}};
    case tls::Progress::Broken:
        return error_from(io.system_error);
    case tls::Progress::Failed:
        return tls_error();
    case tls::Progress::Done:
    case tls::Progress::WantRead:
    case tls::Progress::WantWrite:
        break;
    }
    unreachable("a progress that is no error");
}

tls::Io Stream::Impl::try_fill()
{
    const std::span<char> space = in.space();
    tls::Io io;
    if (tls) {
        io = tls->read(space);
    } else {
        ssize_t got = 0;
        do {
            got = ::recv(socket.native_handle(), space.data(), space.size(), 0);
        } while (got < 0 && errno == EINTR);
        if (got > 0) {
            io.octets = static_cast<std::size_t>(got);
        } else if (got == 0) {
            io.progress = tls::Progress::Closed;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            io.progress = tls::Progress::WantRead;
        } else {
            io = {tls::Progress::Broken, 0, errno};
        }
    }
    if (io.progress == tls::Progress::Done) in.added(io.octets);
    drained = io.progress == tls::Progress::Done &&
              (tls ? !tls->has_pending() : io.octets < space.size());
    return io;
}

bool Stream::Impl::has_nothing_to_read()
{
    if (tls && tls->has_pending()) return false;
    char octet = 0;
    ssize_t got = 0;
    do {
        got = ::recv(socket.native_handle(), &octet, 1, MSG_PEEK | MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

tls::Io Stream::Impl::try_write(std::string_view bytes)
{
    if (tls) return tls->write(bytes);
    ssize_t put = 0;
    do {
        put = ::send(socket.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    } while (put < 0 && errno == EINTR);
    if (put >= 0) return {tls::Progress::Done, static_cast<std::size_t>(put), 0};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {tls::Progress::WantWrite, 0, 0};
    return {tls::Progress::Broken, 0, errno};
}

Task<Result<void, StreamError>> Stream::Impl::wait(Wait what)
{
    spent = 0;
    // The wheel looks every 250 ms: a deadline that has passed already must not wait for it.
    const Instant now = core.clock().now();
    if (deadline() <= now) expired = true;
    if (auto why = interrupted()) co_return failure(std::move(*why));
    if (!waiting_since) waiting_since = now;
    waiting = true;
    const auto [error] = co_await socket.async_wait(what, kAwait);
    waiting = false;
    if (auto why = interrupted()) co_return failure(std::move(*why));
    if (error) co_return failure(error_from(error.value()));
    co_return Result<void, StreamError>{};
}

bool Stream::Impl::is_over_share(std::size_t octets)
{
    spent += octets + kOperation;
    return spent > kShare;
}

Task<> Stream::Impl::yield()
{
    spent = 0;
    co_await asio::post(core.executor(), kAwait);
}

Task<Result<void, StreamError>> Stream::Impl::fill()
{
    for (;;) {
        if (auto why = interrupted()) co_return failure(std::move(*why));
        if (std::exchange(drained, false)) {
            in.release();  // idle sessions keep no buffer
            if (auto waited = co_await wait(AnySocket::wait_read); !waited) co_return waited;
        }
        const tls::Io io = try_fill();
        switch (io.progress) {
        case tls::Progress::Done:
            if (is_over_share(io.octets)) co_await yield();
            co_return Result<void, StreamError>{};
        case tls::Progress::WantRead:
        case tls::Progress::WantWrite: {
            in.release();  // idle sessions keep no buffer
            const Wait what = io.progress == tls::Progress::WantRead ? AnySocket::wait_read
                                                                     : AnySocket::wait_write;
            if (auto waited = co_await wait(what); !waited) co_return waited;
            break;
        }
        case tls::Progress::Closed:
        case tls::Progress::Broken:
        case tls::Progress::Failed:
            dead = error_of(io);
            in.release();
            co_return failure(*dead);
        }
    }
}

Task<Result<facts::TlsEvidence, facts::TlsFailure>> Stream::Impl::shake_hands()
{
    using Kind = facts::TlsFailure::Kind;
    drained = false;  // OpenSSL reads ahead: what follows the handshake may be with it already
    waiting_since.reset();
    for (;;) {
        const tls::Progress progress = tls->handshake();
        if (progress == tls::Progress::Done) {
            waiting_since.reset();
            co_return tls->evidence();
        }
        if (progress == tls::Progress::Failed) {
            dead = tls_error();
            co_return failure(tls->failure());
        }
        const Wait what =
            progress == tls::Progress::WantRead ? AnySocket::wait_read : AnySocket::wait_write;
        const auto waited = co_await wait(what);
        if (waited) continue;
        dead = waited.error();
        facts::TlsFailure why;
        switch (waited.error().kind) {
        case StreamError::Kind::TimedOut:
            why.kind = Kind::TimedOut;
            why.words = "the handshake took too long";
            break;
        case StreamError::Kind::Cancelled:
            why.kind = Kind::Local;
            why.words = "the server is stopping";
            break;
        default:
            why.kind = Kind::Closed;
            why.words = describe(waited.error());
            break;
        }
        co_return failure(std::move(why));
    }
}

void Stream::Impl::close()
{
    if (closed) return;
    closed = true;
    boost::system::error_code ignored;
    if (socket.is_open()) {
        if (tls && !dead) tls->close_notify();
        socket.shutdown(AnySocket::shutdown_send, ignored);
        // Closing over unread input resets the connection, and the peer may lose our last reply by
        // it. What has come is thrown away first, within bounds.
        char rest[4096];
        for (int i = 0; i < 16; ++i) {
            if (::recv(socket.native_handle(), rest, sizeof rest, MSG_DONTWAIT) <= 0) break;
        }
    }
    tls.reset();
    socket.close(ignored);
    in.clear();
    in.release();
    core.wheel().remove(*this);
}

void Stream::Impl::learn_endpoints()
{
    boost::system::error_code ignored;
    const auto take = [](const asio::generic::stream_protocol::endpoint& from) {
        asio::ip::tcp::endpoint endpoint;
        if (from.size() > endpoint.capacity()) return Endpoint{};
        if (from.protocol().family() != AF_INET && from.protocol().family() != AF_INET6) {
            return Endpoint{};
        }
        std::memcpy(endpoint.data(), from.data(), from.size());
        return from_asio(endpoint);
    };
    const auto here = socket.local_endpoint(ignored);
    unix_domain = here.protocol().family() == AF_UNIX;
    local = take(here);
    remote = take(socket.remote_endpoint(ignored));
}

}  // namespace hermetic::net
