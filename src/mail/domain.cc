#include "mail/domain.h"

#include "core/text.h"

#include <idn2.h>

namespace hermetic::mail {
namespace {

constexpr std::size_t kMaxDomain = 253;  // RFC 1035 §3.1: 255 octets on the wire
constexpr std::size_t kMaxLabel = 63;
// Before conversion: no name that fits afterwards is longer, and libidn2 sees bounded input.
constexpr std::size_t kMaxUnicode = 1024;

bool is_label_octet(char c)
{
    // Underscores are no part of a host name (RFC 952), but names with them receive mail.
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool is_label(std::string_view label)
{
    if (label.empty() || label.size() > kMaxLabel) return false;
    if (label.front() == '-' || label.back() == '-') return false;
    for (const char c : label) {
        if (!is_label_octet(c)) return false;
    }
    return true;
}

bool is_domain(std::string_view text)
{
    if (text.empty() || text.size() > kMaxDomain) return false;
    for (;;) {
        const auto dot = text.find('.');
        if (!is_label(text.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        text.remove_prefix(dot + 1);
    }
}

std::optional<std::string> to_a_labels(std::string_view text)
{
    if (text.size() > kMaxUnicode || !is_valid_utf8(text)) return std::nullopt;
    const std::string terminated{text};
    if (terminated.find('\0') != std::string::npos) return std::nullopt;
    char* converted = nullptr;
    const int result =
        idn2_to_ascii_8z(terminated.c_str(), &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (result != IDN2_OK) return std::nullopt;
    std::string ascii = to_lower(converted);
    idn2_free(converted);
    return ascii;
}

}  // namespace

std::optional<Domain> Domain::parse(std::string_view text)
{
    if (is_ascii(text)) {
        if (text.size() > kMaxDomain) return std::nullopt;
        std::string lower = to_lower(text);
        if (!is_domain(lower)) return std::nullopt;
        return Domain{std::move(lower)};
    }
    auto ascii = to_a_labels(text);
    if (!ascii || !is_domain(*ascii)) return std::nullopt;
    return Domain{std::move(*ascii)};
}

bool Domain::is_below(const Domain& ancestor) const
{
    const std::size_t own = text_.size();
    const std::size_t other = ancestor.text_.size();
    return own > other + 1 && text_[own - other - 1] == '.' && text_.ends_with(ancestor.text_);
}

std::optional<Domain> Domain::parent() const
{
    const auto dot = text_.find('.');
    if (dot == std::string::npos) return std::nullopt;
    return Domain{text_.substr(dot + 1)};
}

}  // namespace hermetic::mail
