#include "lab/dns_server.h"

#include "core/assert.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <exception>

namespace hermetic::lab {
namespace {

namespace asio = boost::asio;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds kTcpTime{10};
constexpr std::size_t kMostTcpConnections = 100;
constexpr std::size_t kMostQuestions = 10'000;

void on_end(const std::exception_ptr& error)
{
    if (error) unreachable("an exception left the lab's name server");
}

}  // namespace

DnsServer::DnsServer(UdpSocket udp, Acceptor tcp, const ZoneData& data, UnknownZones unknown)
    : udp_{std::move(udp)}, tcp_{std::move(tcp)}, responder_{data, unknown}
{
}

void DnsServer::start()
{
    asio::co_spawn(udp_.get_executor(), serve_udp(), on_end);
    asio::co_spawn(tcp_.get_executor(), accept_tcp(), on_end);
}

void DnsServer::stop()
{
    boost::system::error_code ignored;
    udp_.close(ignored);
    tcp_.close(ignored);
    for (const auto& [key, channel] : live_) channel->abort(ChannelError::Stopped);
}

std::vector<std::string> DnsServer::questions() const
{
    const std::lock_guard lock{mutex_};
    return {questions_.begin(), questions_.end()};
}

Task<void> DnsServer::serve_udp()
{
    std::array<char, 4096> packet;
    while (udp_.is_open()) {
        asio::ip::udp::endpoint client;
        const auto buffer = asio::buffer(packet);
        const auto [error, size] = co_await udp_.async_receive_from(buffer, client, kAwait);
        if (error == asio::error::operation_aborted) co_return;
        if (error) continue;  // an ICMP error about an earlier answer
        const std::string answer = respond({packet.data(), size}, Transport::Udp);
        if (answer.empty()) continue;
        const auto reply = asio::buffer(answer);
        co_await udp_.async_send_to(reply, client, kAwait);
    }
}

Task<void> DnsServer::accept_tcp()
{
    while (tcp_.is_open()) {
        auto [error, socket] = co_await tcp_.async_accept(kAwait);
        if (error == asio::error::operation_aborted) co_return;
        if (error || live_.size() >= kMostTcpConnections) continue;
        const std::uint64_t key = next_key_++;
        const auto channel = std::make_shared<Channel>(std::move(socket));
        channel->limit_life(kTcpTime);
        live_.emplace(key, channel);
        asio::co_spawn(tcp_.get_executor(), serve_tcp(channel, key), on_end);
    }
}

// Two octets of length before each message (RFC 1035 §4.2.2).
Task<void> DnsServer::serve_tcp(std::shared_ptr<Channel> channel, std::uint64_t key)
{
    std::string pending;
    for (;;) {
        const auto octets = co_await channel->read_some(4096);
        if (!octets) break;
        pending += *octets;
        if (pending.size() < 2) continue;
        const auto high = static_cast<unsigned char>(pending[0]);
        const auto low = static_cast<unsigned char>(pending[1]);
        const std::size_t length = static_cast<std::size_t>(high << 8 | low);
        if (pending.size() < 2 + length) continue;
        const std::string answer = respond(pending.substr(2, length), Transport::Tcp);
        pending.erase(0, 2 + length);
        if (answer.empty()) continue;
        std::string framed{static_cast<char>(answer.size() >> 8),
                           static_cast<char>(answer.size() & 0xff)};
        framed += answer;
        const auto written = co_await channel->write(std::move(framed));
        if (!written) break;
    }
    channel->close();
    live_.erase(key);
}

std::string DnsServer::respond(std::string_view query, Transport transport)
{
    Responder::Answer answer = responder_.answer(query, transport);
    const std::lock_guard lock{mutex_};
    questions_.push_back(std::move(answer.question));
    if (questions_.size() > kMostQuestions) questions_.pop_front();
    return std::move(answer.octets);
}

}  // namespace hermetic::lab
