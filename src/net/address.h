// Endpoints as Asio has them, and errno as a StreamError. Private to net/.
#pragma once

#include "core/ip.h"
#include "net/stream.h"

#include <boost/asio/ip/tcp.hpp>

namespace hermetic::net {

[[nodiscard]] boost::asio::ip::tcp::endpoint to_asio(const Endpoint& endpoint);
[[nodiscard]] Endpoint from_asio(const boost::asio::ip::tcp::endpoint& endpoint);

[[nodiscard]] StreamError error_from(int system_error);
[[nodiscard]] StreamError connect_error_from(int system_error);

}  // namespace hermetic::net
