#include "objects/next_hop.h"

#include "core/text.h"

namespace hermetic::objects {
namespace {

constexpr std::uint16_t kSmtpPort = 25;
constexpr std::uint16_t kLmtpPort = 24;  // assigned to "any private mail system"
constexpr std::uint16_t kSmtpsPort = 465;
constexpr std::string_view kSmtps = "smtps://";

// "name", "name:port", "[address]", "[address]:port"
std::optional<NextHopHost> parse_host_and_port(std::string_view text, std::uint16_t default_port)
{
    NextHopHost result;
    result.port = default_port;
    const bool bracketed = text.starts_with('[');
    const auto end = bracketed ? text.find(']') : text.find(':');
    if (bracketed && end == std::string_view::npos) return std::nullopt;
    const std::string_view host = bracketed ? text.substr(1, end - 1) : text.substr(0, end);
    std::string_view rest;
    if (end != std::string_view::npos) rest = text.substr(bracketed ? end + 1 : end);
    if (!rest.empty()) {
        if (rest.front() != ':') return std::nullopt;
        const auto port = parse_decimal<std::uint16_t>(rest.substr(1));
        if (!port || *port == 0) return std::nullopt;
        result.port = *port;
    }
    // A bare IPv4 address is taken for what it is; a name never looks like one.
    if (const auto address = IpAddress::parse(host)) {
        result.address = address;
        return result;
    }
    if (bracketed) return std::nullopt;
    const auto domain = mail::Domain::parse(host);
    if (!domain) return std::nullopt;
    result.host = domain->text();
    return result;
}

}  // namespace

std::optional<NextHopHost> parse_next_hop_host(std::string_view text)
{
    constexpr std::size_t kMaxUnixPath = 107;
    constexpr std::string_view kUnix = "lmtp+unix:";
    constexpr std::string_view kLmtp = "lmtp://";
    constexpr std::string_view kSmtp = "smtp://";
    if (text.starts_with(kUnix)) {
        NextHopHost result;
        result.protocol = HostProtocol::Lmtp;
        result.port = kLmtpPort;
        result.unix_path = text.substr(kUnix.size());
        if (!result.unix_path.starts_with('/') || result.unix_path.size() > kMaxUnixPath ||
            result.unix_path.find('\0') != std::string::npos ||
            result.unix_path.find(',') != std::string::npos) {
            return std::nullopt;
        }
        return result;
    }
    if (text.starts_with(kLmtp)) {
        auto result = parse_host_and_port(text.substr(kLmtp.size()), kLmtpPort);
        if (result) result->protocol = HostProtocol::Lmtp;
        return result;
    }
    if (text.starts_with(kSmtps)) return parse_smart_host(text);
    if (text.starts_with(kSmtp)) return parse_host_and_port(text.substr(kSmtp.size()), kSmtpPort);
    return std::nullopt;
}

std::optional<NextHopHost> parse_smart_host(std::string_view text)
{
    if (!text.starts_with(kSmtps)) return parse_host_and_port(text, kSmtpPort);
    auto result = parse_host_and_port(text.substr(kSmtps.size()), kSmtpsPort);
    if (result) result->protocol = HostProtocol::Smtps;
    return result;
}

}  // namespace hermetic::objects
