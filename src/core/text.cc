#include "core/text.h"

#include <algorithm>
#include <array>

namespace hermetic {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

unsigned char octet(char c)
{
    return static_cast<unsigned char>(c);
}

struct Sequence {
    std::size_t length;  // 0: not valid
    char32_t code_point;
};

// The UTF-8 sequence at the start of `text` (RFC 3629 §4: no overlong forms, no surrogates).
Sequence utf8_sequence(std::string_view text)
{
    const unsigned char lead = octet(text[0]);
    if (lead < 0x80) return {1, lead};
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {0, 0};
    char32_t code = lead & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((octet(text[i]) & 0xc0U) != 0x80) return {0, 0};
        code = code << 6 | (octet(text[i]) & 0x3fU);
    }
    constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
    if (code < kSmallest[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        return {0, 0};
    }
    return {length, code};
}

// Controls, separators of lines, and marks that turn the direction of text: they can make a line of
// a log read as another.
bool may_be_shown(char32_t code)
{
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return false;
    if (code >= 0x200b && code <= 0x200f) return false;
    if (code >= 0x2028 && code <= 0x202e) return false;
    if (code >= 0x2060 && code <= 0x206f) return false;
    return code != 0xfeff && !(code >= 0xe000 && code <= 0xf8ff);
}

void append_escaped(std::string& out, std::string_view octets)
{
    constexpr std::string_view kHex = "0123456789ABCDEF";
    for (const char c : octets) {
        out += "\\x";
        out += kHex[octet(c) >> 4];
        out += kHex[octet(c) & 15U];
    }
}

bool is_plain(std::string_view text)
{
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c >= ' ' && c < 0x7f && c != '\\'; });
}

std::string escape(std::string_view foreign, std::size_t max, bool ascii_only)
{
    constexpr std::string_view kCut = "...";
    if (foreign.size() <= max && is_plain(foreign)) return std::string{foreign};
    std::string out;
    std::size_t cut_at = 0;  // where the text ends if it has to be cut
    while (!foreign.empty() && out.size() <= max) {
        if (out.size() + kCut.size() <= max) cut_at = out.size();
        const Sequence sequence = utf8_sequence(foreign);
        const std::size_t length = std::max<std::size_t>(sequence.length, 1);
        const bool shown = sequence.length != 0 && may_be_shown(sequence.code_point) &&
                           (sequence.length == 1 || !ascii_only);
        if (foreign[0] == '\\') {
            out += "\\\\";
        } else if (shown) {
            out += foreign.substr(0, length);
        } else {
            append_escaped(out, foreign.substr(0, length));
        }
        foreign.remove_prefix(length);
    }
    if (out.size() <= max) return out;
    out.resize(cut_at);
    return out.append(kCut.substr(0, max));
}

}  // namespace

std::string to_lower(std::string_view text)
{
    std::string out{text};
    std::transform(out.begin(), out.end(), out.begin(), ascii_lower);
    return out;
}

std::string to_upper(std::string_view text)
{
    std::string out{text};
    std::transform(out.begin(), out.end(), out.begin(), ascii_upper);
    return out;
}

bool iequals(std::string_view a, std::string_view b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
}

bool istarts_with(std::string_view text, std::string_view prefix)
{
    return text.size() >= prefix.size() && iequals(text.substr(0, prefix.size()), prefix);
}

std::string_view trim(std::string_view text)
{
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator)
{
    std::vector<std::string_view> parts;
    for (;;) {
        const auto at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator)
{
    std::string out;
    for (const std::string& part : parts) {
        if (!out.empty()) out += separator;
        out += part;
    }
    return out;
}

std::string to_hex(std::string_view octets)
{
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string out;
    out.reserve(octets.size() * 2);
    for (const char c : octets) {
        out += kHex[octet(c) >> 4];
        out += kHex[octet(c) & 15U];
    }
    return out;
}

std::string to_base64(std::string_view octets)
{
    std::string out;
    out.reserve((octets.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < octets.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, octets.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = group << 8 | (k < count ? octet(octets[i + k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k) {
            out += k <= count ? kBase64[group >> (18 - 6 * k) & 63U] : '=';
        }
    }
    return out;
}

std::optional<std::string> from_base64(std::string_view text)
{
    if (text.size() % 4 != 0) return std::nullopt;
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += 4) {
        std::uint32_t group = 0;
        std::size_t padding = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            const char c = text[i + k];
            const bool may_pad = i + 4 == text.size() && k >= 2;
            if (c == '=' && may_pad) {
                ++padding;
                group <<= 6;
                continue;
            }
            const auto digit = kBase64.find(c);
            if (digit == std::string_view::npos || padding != 0) return std::nullopt;
            group = group << 6 | static_cast<std::uint32_t>(digit);
        }
        for (std::size_t k = 0; k + padding < 3; ++k) {
            out += static_cast<char>(group >> (16 - 8 * k) & 0xffU);
        }
    }
    return out;
}

std::string printable(std::string_view foreign, std::size_t max)
{
    return escape(foreign, max, false);
}

std::string printable_ascii(std::string_view foreign, std::size_t max)
{
    return escape(foreign, max, true);
}

bool is_ascii(std::string_view text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return octet(c) < 0x80; });
}

bool is_valid_utf8(std::string_view text)
{
    while (!text.empty()) {
        const std::size_t length = utf8_sequence(text).length;
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

}  // namespace hermetic
