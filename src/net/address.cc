#include "net/address.h"

#include <cerrno>
#include <cstring>

namespace hermetic::net {

namespace asio = boost::asio;

asio::ip::tcp::endpoint to_asio(const Endpoint& endpoint)
{
    const std::string_view octets = endpoint.address.octets();
    if (endpoint.address.is_v6()) {
        asio::ip::address_v6::bytes_type bytes{};
        std::memcpy(bytes.data(), octets.data(), bytes.size());
        return {asio::ip::address_v6{bytes}, endpoint.port};
    }
    asio::ip::address_v4::bytes_type bytes{};
    std::memcpy(bytes.data(), octets.data(), bytes.size());
    return {asio::ip::address_v4{bytes}, endpoint.port};
}

Endpoint from_asio(const asio::ip::tcp::endpoint& endpoint)
{
    if (endpoint.address().is_v6()) {
        const auto bytes = endpoint.address().to_v6().to_bytes();
        return {IpAddress::v6(bytes), endpoint.port()};
    }
    const auto bytes = endpoint.address().to_v4().to_bytes();
    return {IpAddress::v4(bytes), endpoint.port()};
}

StreamError error_from(int system_error)
{
    using Kind = StreamError::Kind;
    switch (system_error) {
    case ECANCELED:
    case EBADF:  // closed by us while somebody waited
        return {Kind::Cancelled, system_error, {}};
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        return {Kind::Local, system_error, {}};
    default:
        return {Kind::Reset, system_error, {}};
    }
}

StreamError connect_error_from(int system_error)
{
    using Kind = StreamError::Kind;
    switch (system_error) {
    case ECONNREFUSED:
    case ENOENT:  // of a Unix-domain socket: nobody listens
        return {Kind::Refused, system_error, {}};
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
        return {Kind::Unreachable, system_error, {}};
    case ETIMEDOUT:
        return {Kind::TimedOut, system_error, {}};
    case ECONNRESET:
    case ECONNABORTED:
        return {Kind::Reset, system_error, {}};
    case ECANCELED:
        return {Kind::Cancelled, system_error, {}};
    default:
        return {Kind::Local, system_error, {}};
    }
}

}  // namespace hermetic::net
