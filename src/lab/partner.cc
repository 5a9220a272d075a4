#include "lab/partner.h"

#include "core/assert.h"
#include "lab/partners.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <exception>

namespace hermetic::lab {
namespace {

namespace asio = boost::asio;

// Nothing in a dialogue throws but for want of memory.
void on_end(const std::exception_ptr& error)
{
    if (error) unreachable("an exception left a dialogue of the lab");
}

std::string describe_client(const asio::ip::tcp::socket& socket)
{
    boost::system::error_code error;
    const auto client = socket.remote_endpoint(error);
    return error ? "unknown" : fmt::format("{}:{}", client.address().to_string(), client.port());
}

}  // namespace

Partner::Partner(const Behaviour& behaviour, Acceptor acceptor, TlsServer tls, RecordBook& book,
                 PartnerLimits limits)
    : acceptor_{std::move(acceptor)},
      tls_{std::move(tls)},
      state_{behaviour, host_of(behaviour), tls_, book, limits.keep_body, limits.offers_auth, {}},
      limits_{limits}
{
}

void Partner::start()
{
    asio::co_spawn(acceptor_.get_executor(), accept_all(), on_end);
}

void Partner::stop()
{
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    for (const auto& [key, channel] : live_) channel->abort(ChannelError::Stopped);
}

Task<void> Partner::accept_all()
{
    while (acceptor_.is_open()) {
        auto [error, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
        if (error == asio::error::operation_aborted) co_return;
        if (!error && live_.size() < limits_.connections) begin(std::move(socket));
    }
}

void Partner::begin(asio::ip::tcp::socket socket)
{
    const std::uint64_t key = next_key_++;
    std::string client = describe_client(socket);
    const auto channel = std::make_shared<Channel>(std::move(socket));
    channel->limit_life(limits_.connection_time);
    live_.emplace(key, channel);
    asio::co_spawn(acceptor_.get_executor(), serve(channel, std::move(client), key), on_end);
}

Task<void> Partner::serve(std::shared_ptr<Channel> channel, std::string client, std::uint64_t key)
{
    Dialogue dialogue{state_, *channel, std::move(client)};
    co_await dialogue.run();
    live_.erase(key);
}

}  // namespace hermetic::lab
