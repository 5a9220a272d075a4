// Addresses and ports as the command line writes them, and as the kernel takes them.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>
#include <vector>

namespace hermetic::load {

struct Endpoint {
    sockaddr_storage address{};
    socklen_t length = 0;

    [[nodiscard]] const sockaddr* raw() const
    {
        return reinterpret_cast<const sockaddr*>(&address);
    }
    [[nodiscard]] sockaddr* raw() { return reinterpret_cast<sockaddr*>(&address); }
    [[nodiscard]] int family() const { return address.ss_family; }
};

// "192.0.2.1:25" or "[2001:db8::1]:25". Throws std::invalid_argument.
[[nodiscard]] Endpoint parse_endpoint(std::string_view text);
[[nodiscard]] std::string format_endpoint(const Endpoint& endpoint);

// "127.0.0.1", "127.0.0.1-127.0.0.50" or several of those with commas: IPv4, port 0. Throws
// std::invalid_argument, also for more than 65536 of them.
[[nodiscard]] std::vector<Endpoint> parse_addresses(std::string_view text);

}  // namespace hermetic::load
