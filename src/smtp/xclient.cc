#include "smtp/xclient.h"

#include "core/text.h"
#include "mail/xtext.h"
#include "smtp/refusals.h"

namespace hermetic::smtp {
namespace {

constexpr std::size_t kMaxValue = 255;

bool is_unavailable(std::string_view value)
{
    return iequals(value, "[UNAVAILABLE]") || iequals(value, "[TEMPUNAVAIL]");
}

bool set_address(std::string_view value, std::optional<IpAddress>& address)
{
    // Not known is not the proxy's own: what its network may do is not its clients' right.
    if (is_unavailable(value)) {
        address = IpAddress{};
        return true;
    }
    const bool tagged = istarts_with(value, "IPV6:");
    const std::string_view text = tagged ? value.substr(5) : value;
    // Postfix tags IPv6; other proxies do not.
    address = IpAddress::parse(text);
    return address.has_value() && (!tagged || text.find(':') != std::string_view::npos);
}

bool set_port(std::string_view value, std::optional<std::uint16_t>& port)
{
    if (is_unavailable(value)) return true;
    port = parse_decimal<std::uint16_t>(value);
    return port.has_value();
}

bool set_text(std::string_view value, std::optional<std::string>& text)
{
    if (value.find(' ') != std::string_view::npos) return false;
    text = is_unavailable(value) ? std::string{} : std::string{value};
    return true;
}

bool set_protocol(std::string_view value, bool& esmtp)
{
    esmtp = !iequals(value, "SMTP");
    return is_unavailable(value) || !esmtp || iequals(value, "ESMTP") || iequals(value, "LMTP");
}

// 0: not known.
unsigned apply(std::string_view name, std::string_view value, XclientAttributes& attributes,
               bool& good)
{
    if (iequals(name, "NAME")) return good = set_text(value, attributes.name), 1;
    if (iequals(name, "ADDR")) return good = set_address(value, attributes.address), 2;
    if (iequals(name, "PORT")) return good = set_port(value, attributes.port), 4;
    if (iequals(name, "PROTO")) return good = set_protocol(value, attributes.esmtp), 8;
    if (iequals(name, "HELO")) return good = set_text(value, attributes.helo), 16;
    if (iequals(name, "DESTADDR")) return good = set_address(value, attributes.destination), 32;
    if (iequals(name, "DESTPORT")) return good = set_port(value, attributes.destination_port), 64;
    if (iequals(name, "LOGIN")) return good = set_text(value, attributes.login), 128;
    return 0;
}

}  // namespace

Result<XclientAttributes, Refusal> parse_xclient(std::string_view text)
{
    XclientAttributes attributes;
    unsigned seen = 0;
    for (const std::string_view part : split(text, ' ')) {
        if (part.empty()) continue;
        const auto equals = part.find('=');
        const auto value = equals == std::string_view::npos
                               ? std::nullopt
                               : mail::decode_xtext(part.substr(equals + 1));
        bool good = false;
        unsigned bit = 0;
        if (value && !value->empty() && value->size() <= kMaxValue) {
            bit = apply(part.substr(0, equals), *value, attributes, good);
        }
        if (!good || bit == 0 || (seen & bit) != 0) {
            return failure(Refusal{&refusal::kXclientSyntax, std::string{part}});
        }
        seen |= bit;
    }
    if (seen == 0) return failure(Refusal{&refusal::kXclientSyntax, {}});
    return attributes;
}

}  // namespace hermetic::smtp
