#include "net/acceptor.h"

#include "net/address.h"
#include "net/core.h"
#include "net/deadline_wheel.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace hermetic::net {

namespace asio = boost::asio;

namespace {

constexpr Duration kPause = std::chrono::milliseconds{100};
constexpr int kBatch = 64;  // accepted before others on the main loop run

int open_spare()
{
    return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept
{
    if (this != &other) {
        reset();
        descriptor_ = other.release();
    }
    return *this;
}

int FileDescriptor::release()
{
    return std::exchange(descriptor_, -1);
}

void FileDescriptor::reset()
{
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
}

struct Acceptor::Impl final : Deadline {
    using AcceptorSocket = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

    explicit Impl(Core& its_core) : core{its_core}, socket{its_core.executor()}
    {
        core.wheel().add(*this);
    }
    ~Impl() override { core.wheel().remove(*this); }
    void on_expired() override {}
    void on_cancelled() override { close(); }

    void close()
    {
        closed = true;
        boost::system::error_code ignored;
        socket.close(ignored);
    }

    enum class Next : std::uint8_t { Again, Wait, Pause };
    Next accept_one(const OnAccepted& on_accepted, const OnTrouble& on_trouble);
    void shed();

    Core& core;
    AcceptorSocket socket;
    FileDescriptor spare{open_spare()};
    bool closed = false;
};

// Without a descriptor a connection cannot even be closed: the spare one is given up for a moment.
void Acceptor::Impl::shed()
{
    spare.reset();
    for (int i = 0; i < kBatch; ++i) {
        const FileDescriptor refused{
            ::accept4(socket.native_handle(), nullptr, nullptr, SOCK_CLOEXEC)};
        if (!refused) break;
    }
    spare = FileDescriptor{open_spare()};
}

Acceptor::Impl::Next Acceptor::Impl::accept_one(const OnAccepted& on_accepted,
                                                const OnTrouble& on_trouble)
{
    asio::ip::tcp::endpoint peer;
    auto length = static_cast<socklen_t>(peer.capacity());
    FileDescriptor descriptor{
        ::accept4(socket.native_handle(), peer.data(), &length, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (descriptor) {
        peer.resize(length);
        on_accepted(Accepted{std::move(descriptor), from_asio(peer)});
        return Next::Again;
    }
    switch (errno) {
    case EAGAIN:
        return Next::Wait;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: {
        const std::string what = std::strerror(errno);
        shed();
        if (on_trouble) on_trouble(what);
        return Next::Pause;
    }
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENETUNREACH:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case EOPNOTSUPP:
    case ETIMEDOUT:
        // Errors of a connection that died in the backlog (accept(2), "Error handling").
        return Next::Again;
    default:
        // Of the socket itself: it would come again at once, without end.
        if (on_trouble) on_trouble(std::strerror(errno));
        return Next::Pause;
    }
}

Acceptor::Acceptor(std::unique_ptr<Impl> impl) : impl_{std::move(impl)}
{
}

Acceptor::~Acceptor() = default;

Result<std::unique_ptr<Acceptor>, Acceptor::ListenError> Acceptor::listen(Core& main, Endpoint at)
{
    auto impl = std::make_unique<Impl>(main);
    const auto endpoint = to_asio(at);
    boost::system::error_code error;
    impl->socket.open(endpoint.protocol(), error);
    if (!error) impl->socket.set_option(asio::socket_base::reuse_address{true}, error);
    // IPv4 has its own listener: an address means what it says.
    if (!error && at.address.is_v6()) impl->socket.set_option(asio::ip::v6_only{true}, error);
    if (!error) impl->socket.bind(endpoint, error);
    if (!error) impl->socket.listen(asio::socket_base::max_listen_connections, error);
    if (!error) impl->socket.native_non_blocking(true, error);
    if (error) {
        return failure(ListenError{
            error.value(), fmt::format("{}: {}", at.format(), std::strerror(error.value()))});
    }
    return std::unique_ptr<Acceptor>{new Acceptor{std::move(impl)}};
}

Endpoint Acceptor::local() const
{
    boost::system::error_code ignored;
    return from_asio(impl_->socket.local_endpoint(ignored));
}

Task<> Acceptor::run(OnAccepted on_accepted, OnTrouble on_trouble)
{
    int accepted = 0;
    while (!impl_->closed) {
        switch (impl_->accept_one(on_accepted, on_trouble)) {
        case Impl::Next::Again:
            if (++accepted < kBatch) break;
            accepted = 0;
            co_await asio::post(impl_->core.executor(), kAwait);
            break;
        case Impl::Next::Wait:
            accepted = 0;
            co_await impl_->socket.async_wait(asio::socket_base::wait_read, kAwait);
            break;
        case Impl::Next::Pause: {
            const Instant until = impl_->core.clock().now() + kPause;
            co_await sleep_until(impl_->core, until);
            break;
        }
        }
    }
}

void Acceptor::close()
{
    impl_->close();
}

Result<std::unique_ptr<Stream>, StreamError> adopt(Core& core, Accepted accepted)
{
    const auto protocol =
        accepted.remote.address.is_v6() ? asio::ip::tcp::v6() : asio::ip::tcp::v4();
    Socket socket{core.executor()};
    boost::system::error_code error;
    socket.assign(protocol, accepted.descriptor.get(), error);
    if (error) return failure(error_from(error.value()));
    (void)accepted.descriptor.release();
    return std::make_unique<Stream>(core, std::move(socket));
}

}  // namespace hermetic::net
