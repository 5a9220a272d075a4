// IP addresses, endpoints and networks as values; no sockets.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic {

// An IPv4 or IPv6 address. An IPv4-mapped IPv6 address is the IPv4 address it maps.
class IpAddress {
public:
    IpAddress() = default;  // 0.0.0.0
    [[nodiscard]] static IpAddress v4(std::array<std::uint8_t, 4> octets);
    [[nodiscard]] static IpAddress v6(std::array<std::uint8_t, 16> octets);
    // "192.0.2.1", "2001:db8::1"; no brackets, no zone.
    [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);

    [[nodiscard]] bool is_v6() const { return v6_; }
    // 4 or 16 octets, network order.
    [[nodiscard]] std::string_view octets() const
    {
        return {reinterpret_cast<const char*>(octets_.data()), v6_ ? 16U : 4U};
    }
    [[nodiscard]] bool is_loopback() const;
    [[nodiscard]] bool is_private() const;  // RFC 1918, RFC 4193, link-local
    [[nodiscard]] bool is_unspecified() const;
    [[nodiscard]] bool is_multicast() const;
    [[nodiscard]] std::string format() const;

    auto operator<=>(const IpAddress&) const = default;

private:
    std::array<std::uint8_t, 16> octets_{};
    bool v6_ = false;
};

struct Endpoint {
    IpAddress address;
    std::uint16_t port = 0;
    auto operator<=>(const Endpoint&) const = default;
    // "192.0.2.1:25", "[2001:db8::1]:25"
    [[nodiscard]] std::string format() const;
    [[nodiscard]] static std::optional<Endpoint> parse(std::string_view text);
};

// A CIDR block; a bare address is a block of one. Host bits beyond the prefix are refused.
class Network {
public:
    [[nodiscard]] static std::optional<Network> parse(std::string_view text);
    [[nodiscard]] bool contains(const IpAddress& address) const;
    [[nodiscard]] const IpAddress& base() const { return base_; }
    [[nodiscard]] int prefix_length() const { return prefix_; }
    [[nodiscard]] std::string format() const;
    auto operator<=>(const Network&) const = default;

private:
    IpAddress base_;
    int prefix_ = 0;
};

}  // namespace hermetic

template <>
struct std::hash<hermetic::IpAddress> {
    std::size_t operator()(const hermetic::IpAddress& address) const noexcept
    {
        return std::hash<std::string_view>{}(address.octets());
    }
};
