// Stream::connect() and connect_unix().
#include "net/address.h"
#include "net/stream.h"
#include "net/stream_impl.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <cerrno>

namespace hermetic::net {

namespace asio = boost::asio;

namespace {

using AnyEndpoint = asio::generic::stream_protocol::endpoint;

StreamError timed_out()
{
    return {StreamError::Kind::TimedOut, ETIMEDOUT, {}};
}

}  // namespace

void Connecting::cut()
{
    is_cut_ = true;
    if (under_way_ != nullptr) under_way_->on_cancelled();
}

// While a connect can be cut.
class ConnectScope {
public:
    ConnectScope(Connecting* connecting, Deadline& node) : connecting_{connecting}
    {
        if (connecting_ == nullptr) return;
        connecting_->under_way_ = &node;
        if (connecting_->is_cut_) node.on_cancelled();
    }
    ~ConnectScope()
    {
        if (connecting_ != nullptr) connecting_->under_way_ = nullptr;
    }
    ConnectScope(const ConnectScope&) = delete;
    ConnectScope& operator=(const ConnectScope&) = delete;

private:
    Connecting* connecting_;
};

Task<Result<std::unique_ptr<Stream>, StreamError>> Stream::connect(Core& core, Endpoint remote,
                                                                   std::optional<IpAddress> local,
                                                                   Instant deadline,
                                                                   Connecting* connecting)
{
    const asio::ip::tcp::endpoint target = to_asio(remote);
    auto impl = std::make_unique<Impl>(core, Impl::AnySocket{core.executor()});
    boost::system::error_code error;
    impl->socket.open(target.protocol(), error);
    if (!error) impl->socket.native_non_blocking(true, error);
    if (!error) impl->socket.set_option(asio::ip::tcp::no_delay{true}, error);
    if (!error && local) {
        const AnyEndpoint source{to_asio(Endpoint{*local, 0})};
        impl->socket.bind(source, error);
    }
    if (error) co_return failure(StreamError{StreamError::Kind::Local, error.value(), {}});

    const ConnectScope scope{connecting, *impl};
    core.wheel().set(*impl, deadline);
    if (deadline <= core.clock().now()) co_return failure(timed_out());
    if (auto why = impl->interrupted()) co_return failure(std::move(*why));
    const AnyEndpoint destination{target};
    const auto [refused] = co_await impl->socket.async_connect(destination, kAwait);
    if (impl->cancelled) co_return failure(StreamError{StreamError::Kind::Cancelled, 0, {}});
    if (impl->expired) co_return failure(timed_out());
    if (refused) co_return failure(connect_error_from(refused.value()));

    impl->learn_endpoints();
    // On loopback a connection to a free port of the ephemeral range may meet itself.
    if (impl->local == impl->remote) {
        co_return failure(StreamError{StreamError::Kind::Refused, ECONNREFUSED, {}});
    }
    co_return std::unique_ptr<Stream>{new Stream{core, std::move(impl)}};
}

Task<Result<std::unique_ptr<Stream>, StreamError>> Stream::connect_unix(Core& core,
                                                                        std::string path,
                                                                        Instant deadline,
                                                                        Connecting* connecting)
{
    // sun_path, with its terminating zero.
    if (path.empty() || path.size() >= 108) {
        co_return failure(StreamError{StreamError::Kind::Local, ENAMETOOLONG, {}});
    }
    const asio::local::stream_protocol::endpoint target{path};
    auto impl = std::make_unique<Impl>(core, Impl::AnySocket{core.executor()});
    boost::system::error_code error;
    impl->socket.open(target.protocol(), error);
    if (!error) impl->socket.native_non_blocking(true, error);
    if (error) co_return failure(StreamError{StreamError::Kind::Local, error.value(), {}});

    const ConnectScope scope{connecting, *impl};
    core.wheel().set(*impl, deadline);
    if (deadline <= core.clock().now()) co_return failure(timed_out());
    if (auto why = impl->interrupted()) co_return failure(std::move(*why));
    const AnyEndpoint destination{target};
    const auto [refused] = co_await impl->socket.async_connect(destination, kAwait);
    if (impl->cancelled) co_return failure(StreamError{StreamError::Kind::Cancelled, 0, {}});
    if (impl->expired) co_return failure(timed_out());
    // A full backlog of a Unix-domain socket is EAGAIN at once.
    if (refused.value() == EAGAIN) co_return failure(timed_out());
    if (refused) co_return failure(connect_error_from(refused.value()));
    impl->learn_endpoints();
    impl->unix_domain = true;
    co_return std::unique_ptr<Stream>{new Stream{core, std::move(impl)}};
}

}  // namespace hermetic::net
