#include "core/ip.h"

#include "core/text.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace hermetic {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool bit(std::string_view octets, int index)
{
    const auto byte = static_cast<unsigned char>(octets[static_cast<std::size_t>(index / 8)]);
    return (byte >> (7 - index % 8) & 1U) != 0;
}

bool within(const IpAddress& address, const char* block)
{
    return Network::parse(block)->contains(address);
}

}  // namespace

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> octets)
{
    IpAddress address;
    std::copy(octets.begin(), octets.end(), address.octets_.begin());
    return address;
}

IpAddress IpAddress::v6(std::array<std::uint8_t, 16> octets)
{
    if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), octets.begin())) {
        return v4({octets[12], octets[13], octets[14], octets[15]});
    }
    IpAddress address;
    address.octets_ = octets;
    address.v6_ = true;
    return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text)
{
    const std::string terminated{text};
    if (terminated.find('\0') != std::string::npos) return std::nullopt;
    std::array<std::uint8_t, 16> octets{};
    if (inet_pton(AF_INET, terminated.c_str(), octets.data()) == 1) {
        return v4({octets[0], octets[1], octets[2], octets[3]});
    }
    if (inet_pton(AF_INET6, terminated.c_str(), octets.data()) == 1) return v6(octets);
    return std::nullopt;
}

bool IpAddress::is_loopback() const
{
    return v6_ ? within(*this, "::1/128") : octets_[0] == 127;
}

bool IpAddress::is_private() const
{
    if (v6_) {
        return within(*this, "fc00::/7") || within(*this, "fe80::/10") ||
               within(*this, "fec0::/10");
    }
    return within(*this, "100.64.0.0/10") || within(*this, "10.0.0.0/8") ||
           within(*this, "172.16.0.0/12") || within(*this, "192.168.0.0/16") ||
           within(*this, "169.254.0.0/16");
}

bool IpAddress::is_unspecified() const
{
    return std::all_of(octets_.begin(), octets_.end(),
                       [](std::uint8_t octet) { return octet == 0; });
}

bool IpAddress::is_multicast() const
{
    return v6_ ? octets_[0] == 0xff : (octets_[0] & 0xf0U) == 0xe0;
}

// Every message's lines and keys name addresses; inet_ntop() takes as long as a whole log line.
std::string IpAddress::format() const
{
    if (!v6_) {
        std::array<char, sizeof "255.255.255.255."> text{};
        char* end = text.data();
        for (std::size_t at = 0; at < 4; ++at) {
            end = std::to_chars(end, text.data() + text.size(), octets_[at]).ptr;
            *end++ = '.';
        }
        return {text.data(), end - 1};
    }
    char text[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET6, octets_.data(), text, sizeof text);
    return text;
}

std::string Endpoint::format() const
{
    const std::string host = address.is_v6() ? "[" + address.format() + "]" : address.format();
    return host + ":" + std::to_string(port);
}

std::optional<Endpoint> Endpoint::parse(std::string_view text)
{
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    const auto port = parse_decimal<std::uint16_t>(text.substr(colon + 1));
    const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    const auto address = IpAddress::parse(host);
    if (!address || !port || address->is_v6() != bracketed) return std::nullopt;
    return Endpoint{*address, *port};
}

std::optional<Network> Network::parse(std::string_view text)
{
    const auto slash = text.find('/');
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) return std::nullopt;
    const int width = address->is_v6() ? 128 : 32;
    Network network;
    network.base_ = *address;
    network.prefix_ = width;
    if (slash != std::string_view::npos) {
        const auto prefix = parse_decimal<std::uint8_t>(text.substr(slash + 1));
        if (!prefix || *prefix > width) return std::nullopt;
        network.prefix_ = *prefix;
    }
    for (int i = network.prefix_; i < width; ++i) {
        if (bit(network.base_.octets(), i)) return std::nullopt;
    }
    return network;
}

bool Network::contains(const IpAddress& address) const
{
    if (address.is_v6() != base_.is_v6()) return false;
    const auto whole = static_cast<std::size_t>(prefix_ / 8);
    if (address.octets().substr(0, whole) != base_.octets().substr(0, whole)) return false;
    for (int i = static_cast<int>(whole) * 8; i < prefix_; ++i) {
        if (bit(address.octets(), i) != bit(base_.octets(), i)) return false;
    }
    return true;
}

std::string Network::format() const
{
    const int width = base_.is_v6() ? 128 : 32;
    return prefix_ == width ? base_.format() : base_.format() + "/" + std::to_string(prefix_);
}

}  // namespace hermetic
