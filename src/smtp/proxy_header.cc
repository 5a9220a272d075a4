#include "smtp/proxy_header.h"

#include "core/text.h"

#include <algorithm>
#include <array>
#include <vector>

namespace hermetic::smtp {
namespace {

constexpr std::string_view kV1Start = "PROXY ";
constexpr std::size_t kMaxV1 = 107;  // §2.1, CRLF included
constexpr std::string_view kV2Signature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t kV2Fixed = 16;

using Parsed = Result<ProxyHeader, ProxyError>;

std::optional<Endpoint> parse_v1_endpoint(std::string_view address, std::string_view port, bool v6)
{
    const auto parsed = IpAddress::parse(address);
    const auto number = parse_decimal<std::uint16_t>(port);
    // "No leading zeroes": what two programs could read differently.
    if (port.size() > 1 && port.front() == '0') return std::nullopt;
    if (!parsed || !number || (address.find(':') != std::string_view::npos) != v6)
        return std::nullopt;
    return Endpoint{*parsed, *number};
}

Parsed parse_v1(std::string_view input)
{
    const auto lf = input.substr(0, kMaxV1).find('\n');
    if (lf == std::string_view::npos) {
        return failure(input.size() < kMaxV1 ? ProxyError::Incomplete : ProxyError::Malformed);
    }
    if (input[lf - 1] != '\r') return failure(ProxyError::Malformed);
    const std::size_t end = lf - 1;
    ProxyHeader header;
    header.length = end + 2;
    const auto words = split(input.substr(kV1Start.size(), end - kV1Start.size()), ' ');
    if (words[0] == "UNKNOWN") return header;
    const bool v6 = words[0] == "TCP6";
    if ((!v6 && words[0] != "TCP4") || words.size() != 5) return failure(ProxyError::Malformed);
    const auto source = parse_v1_endpoint(words[1], words[3], v6);
    const auto destination = parse_v1_endpoint(words[2], words[4], v6);
    if (!source || !destination) return failure(ProxyError::Malformed);
    header.route = ProxyHeader::Route{*source, *destination};
    return header;
}

unsigned octet_at(std::string_view text, std::size_t i)
{
    return static_cast<unsigned char>(text[i]);
}

std::uint16_t port_at(std::string_view text, std::size_t i)
{
    return static_cast<std::uint16_t>(octet_at(text, i) << 8 | octet_at(text, i + 1));
}

template <std::size_t N>
std::array<std::uint8_t, N> octets_at(std::string_view text, std::size_t i)
{
    std::array<std::uint8_t, N> octets;
    std::copy_n(text.begin() + static_cast<std::ptrdiff_t>(i), N, octets.begin());
    return octets;
}

// Address block of §2.2 for AF_INET (12 octets) and AF_INET6 (36 octets).
std::optional<ProxyHeader::Route> parse_v2_route(unsigned family, std::string_view block)
{
    if (family == 1 && block.size() >= 12) {
        const auto source = IpAddress::v4(octets_at<4>(block, 0));
        const auto destination = IpAddress::v4(octets_at<4>(block, 4));
        return ProxyHeader::Route{{source, port_at(block, 8)}, {destination, port_at(block, 10)}};
    }
    if (family == 2 && block.size() >= 36) {
        const auto source = IpAddress::v6(octets_at<16>(block, 0));
        const auto destination = IpAddress::v6(octets_at<16>(block, 16));
        return ProxyHeader::Route{{source, port_at(block, 32)}, {destination, port_at(block, 34)}};
    }
    return std::nullopt;
}

// Families and transports of §2.2; "any other value must be rejected as invalid".
bool is_assigned(unsigned family_and_transport)
{
    constexpr std::array kAssigned{0x00U, 0x11U, 0x12U, 0x21U, 0x22U, 0x31U, 0x32U};
    return std::find(kAssigned.begin(), kAssigned.end(), family_and_transport) != kAssigned.end();
}

Parsed parse_v2(std::string_view input)
{
    if (input.size() < kV2Fixed) return failure(ProxyError::Incomplete);
    const unsigned version = octet_at(input, 12) >> 4;
    const unsigned command = octet_at(input, 12) & 15U;
    const unsigned family = octet_at(input, 13) >> 4;
    const unsigned transport = octet_at(input, 13) & 15U;
    const std::size_t length = port_at(input, 14);
    if (version != 2 || command > 1 || kV2Fixed + length > kMaxProxyHeader) {
        return failure(ProxyError::Malformed);
    }
    if (input.size() < kV2Fixed + length) return failure(ProxyError::Incomplete);
    ProxyHeader header;
    header.length = kV2Fixed + length;
    if (command == 0) return header;  // LOCAL: the rest is ignored, whatever it says
    if (!is_assigned(octet_at(input, 13))) return failure(ProxyError::Malformed);
    const bool is_tcp = (family == 1 || family == 2) && transport == 1;
    if (!is_tcp) return header;  // nothing that we can name
    header.route = parse_v2_route(family, input.substr(kV2Fixed, length));
    if (!header.route) return failure(ProxyError::Malformed);
    return header;
}

bool begins_like(std::string_view input, std::string_view start)
{
    const std::size_t common = std::min(input.size(), start.size());
    return input.substr(0, common) == start.substr(0, common);
}

}  // namespace

Result<ProxyHeader, ProxyError> parse_proxy_header(std::string_view input)
{
    const bool v1 = begins_like(input, kV1Start);
    const bool v2 = begins_like(input, kV2Signature);
    if (!v1 && !v2) return failure(ProxyError::Malformed);
    if (v1 && input.size() < kV1Start.size()) return failure(ProxyError::Incomplete);
    if (v2 && input.size() < kV2Signature.size()) return failure(ProxyError::Incomplete);
    return v1 ? parse_v1(input) : parse_v2(input);
}

}  // namespace hermetic::smtp
