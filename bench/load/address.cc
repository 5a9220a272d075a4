#include "load/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace hermetic::load {
namespace {

constexpr std::size_t kMaxAddresses = 65536;

[[noreturn]] void refuse(std::string_view text)
{
    throw std::invalid_argument("not an address: " + std::string(text));
}

Endpoint make_v4(std::uint32_t address, std::uint16_t port)
{
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr.s_addr = htonl(address);
    Endpoint endpoint;
    std::memcpy(&endpoint.address, &v4, sizeof v4);
    endpoint.length = sizeof v4;
    return endpoint;
}

Endpoint make_v6(const in6_addr& address, std::uint16_t port)
{
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_addr = address;
    Endpoint endpoint;
    std::memcpy(&endpoint.address, &v6, sizeof v6);
    endpoint.length = sizeof v6;
    return endpoint;
}

std::uint32_t parse_v4(std::string_view text)
{
    in_addr address{};
    if (inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) {
        refuse(text);
    }
    return ntohl(address.s_addr);
}

void append_range(std::string_view text, std::vector<Endpoint>& addresses)
{
    const std::size_t dash = text.find('-');
    const std::uint32_t first = parse_v4(text.substr(0, dash));
    const std::uint32_t last =
        dash == std::string_view::npos ? first : parse_v4(text.substr(dash + 1));
    if (last < first || last - first >= kMaxAddresses) {
        refuse(text);
    }
    for (std::uint32_t i = 0; i <= last - first; ++i) {
        addresses.push_back(make_v4(first + i, 0));
    }
}

}  // namespace

Endpoint parse_endpoint(std::string_view text)
{
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        refuse(text);
    }
    const std::string_view digits = text.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc{} || end != digits.data() + digits.size()) {
        refuse(text);
    }
    std::string_view host = text.substr(0, colon);
    if (host.size() < 2 || host.front() != '[' || host.back() != ']') {
        return make_v4(parse_v4(host), port);
    }
    in6_addr address{};
    if (inet_pton(AF_INET6, std::string(host.substr(1, host.size() - 2)).c_str(), &address) != 1) {
        refuse(text);
    }
    return make_v6(address, port);
}

std::string format_endpoint(const Endpoint& endpoint)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (endpoint.family() == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &endpoint.address, sizeof v6);
        inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
        return "[" + std::string(text) + "]:" + std::to_string(ntohs(v6.sin6_port));
    }
    sockaddr_in v4{};
    std::memcpy(&v4, &endpoint.address, sizeof v4);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return std::string(text) + ":" + std::to_string(ntohs(v4.sin_port));
}

std::vector<Endpoint> parse_addresses(std::string_view text)
{
    std::vector<Endpoint> addresses;
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        append_range(text.substr(0, comma), addresses);
        text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    }
    if (addresses.size() > kMaxAddresses) {
        refuse("too many");
    }
    return addresses;
}

}  // namespace hermetic::load
