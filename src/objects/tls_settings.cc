#include "objects/tls_settings.h"

#include "core/text.h"

#include <algorithm>

namespace hermetic::objects {

const TlsException* exception_at(const TlsSettings& tls, WallTime now)
{
    const bool holds = tls.exception && tls.exception->valid_until.value_or(WallTime{}) > now;
    return holds ? &*tls.exception : nullptr;
}

bool proves_peer(const TlsSettings& tls)
{
    return !tls.names.empty() || !tls.pins.empty() || !tls.ca.empty() ||
           !tls.client_certificate.empty() || tls.auth;
}

std::optional<TlsName> TlsName::parse(std::string_view text)
{
    const bool below = text.starts_with("*.");
    auto domain = mail::Domain::parse(below ? text.substr(2) : text);
    if (!domain) return std::nullopt;
    return TlsName{below, *std::move(domain)};
}

std::string TlsName::format() const
{
    return (below ? "*." : "") + domain.text();
}

std::optional<std::string> parse_pin(std::string_view text)
{
    constexpr std::size_t kDigits = 64;
    std::string pin = to_lower(text);
    const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (pin.size() != kDigits || !std::ranges::all_of(pin, is_hex)) return std::nullopt;
    return pin;
}

}  // namespace hermetic::objects
