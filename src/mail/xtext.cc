#include "mail/xtext.h"

#include "core/text.h"

namespace hermetic::mail {
namespace {

constexpr std::string_view kUpperHex = "0123456789ABCDEF";
constexpr std::string_view kUtf8Type = "utf-8";

bool is_printable(char c)
{
    return c >= ' ' && c <= '~';
}

// xchar of RFC 3461 §4: printable ASCII but "+" and "=".
bool is_xchar(char c)
{
    return c > ' ' && c <= '~' && c != '+' && c != '=';
}

// Upper case only: RFC 3461 §4 says so.
std::optional<unsigned> hex_digit(char c)
{
    const auto at = kUpperHex.find(c);
    if (at == std::string_view::npos) return std::nullopt;
    return static_cast<unsigned>(at);
}

void append_utf8(std::string& out, char32_t c)
{
    const auto put = [&out](char32_t octet) { out += static_cast<char>(octet); };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xc0U | c >> 6);
        put(0x80U | (c & 0x3fU));
    } else if (c < 0x10000) {
        put(0xe0U | c >> 12);
        put(0x80U | (c >> 6 & 0x3fU));
        put(0x80U | (c & 0x3fU));
    } else {
        put(0xf0U | c >> 18);
        put(0x80U | (c >> 12 & 0x3fU));
        put(0x80U | (c >> 6 & 0x3fU));
        put(0x80U | (c & 0x3fU));
    }
}

// Takes the first character off valid UTF-8.
char32_t take_code_point(std::string_view& text)
{
    const auto octet = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = octet(0);
    const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    char32_t c = length == 1 ? first : first & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) c = c << 6 | (octet(i) & 0x3fU);
    text.remove_prefix(length);
    return c;
}

// "\x{HEXPOINT}" at the front (RFC 6533 §3, EmbeddedUnicodeChar).
std::optional<char32_t> take_embedded(std::string_view& text)
{
    if (!text.starts_with("\\x{")) return std::nullopt;
    const auto closing = text.find('}');
    if (closing == std::string_view::npos || closing < 5 || closing > 9) return std::nullopt;
    char32_t c = 0;
    for (const char digit : text.substr(3, closing - 3)) {
        const auto value = hex_digit(digit);
        if (!value) return std::nullopt;
        c = c << 4 | *value;
    }
    if (c < 0x10 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) return std::nullopt;
    if (c < 0x20 || c == 0x7f) return std::nullopt;  // would be a control character in our reports
    text.remove_prefix(closing + 1);
    return c;
}

std::optional<std::string> decode_utf8_address(std::string_view text, AllowUtf8 allow_utf8)
{
    if (!is_ascii(text) && (allow_utf8 == AllowUtf8::No || !is_valid_utf8(text)))
        return std::nullopt;
    std::string out;
    while (!text.empty()) {
        const char c = text[0];
        if (c == '\\') {
            const auto embedded = take_embedded(text);
            if (!embedded) return std::nullopt;
            append_utf8(out, *embedded);
            continue;
        }
        const bool raw_utf8 = (static_cast<unsigned char>(c) & 0x80U) != 0;
        if (!raw_utf8 && !is_xchar(c)) return std::nullopt;
        out += c;
        text.remove_prefix(1);
    }
    return out;
}

std::string encode_utf8_address(std::string_view text, AllowUtf8 allow_utf8)
{
    std::string out;
    while (!text.empty()) {
        const char32_t c = take_code_point(text);
        const bool plain = c < 0x80 && is_xchar(static_cast<char>(c)) && c != '\\';
        if (plain || (c >= 0x80 && allow_utf8 == AllowUtf8::Yes)) {
            append_utf8(out, c);
            continue;
        }
        std::string digits;
        for (char32_t rest = c; rest != 0; rest >>= 4) digits.insert(0, 1, kUpperHex[rest & 15U]);
        if (digits.size() < 2) digits.insert(0, 1, '0');
        out += "\\x{" + digits + "}";
    }
    return out;
}

bool is_address_type(std::string_view type)  // an atom, RFC 3461 §4.2
{
    if (type.empty() || type.size() > 32) return false;
    for (const char c : type) {
        const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!alphanumeric && c != '-' && c != '.' && c != '_') return false;
    }
    return true;
}

}  // namespace

namespace {

// `may_be` says which decoded octets are right.
template <typename Predicate>
std::optional<std::string> decode_octets(std::string_view text, Predicate may_be)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_xchar(text[i])) {
            out += text[i];
            continue;
        }
        if (text[i] != '+' || i + 2 >= text.size()) return std::nullopt;
        const auto high = hex_digit(text[i + 1]);
        const auto low = hex_digit(text[i + 2]);
        if (!high || !low) return std::nullopt;
        const char decoded = static_cast<char>(*high << 4 | *low);
        if (!may_be(decoded)) return std::nullopt;
        out += decoded;
        i += 2;
    }
    return out;
}

// Postfix encodes the UTF-8 of an internationalised recipient as xtext under the type rfc822, where
// RFC 6533 §3 has the type utf-8 for it. It is taken for what it means.
std::optional<std::string> decode_rfc822_address(std::string_view address, std::string& type)
{
    auto decoded =
        decode_octets(address, [](char c) { return is_printable(c) || (c & 0x80) != 0; });
    if (!decoded || is_ascii(*decoded)) return decoded;
    if (!is_valid_utf8(*decoded)) return std::nullopt;
    type = kUtf8Type;
    return decoded;
}

}  // namespace

std::optional<std::string> decode_xtext(std::string_view text)
{
    // RFC 3461 §4.4 and §4.2: what is encoded must be printable ASCII.
    return decode_octets(text, is_printable);
}

std::string encode_xtext(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        if (is_xchar(c)) {
            out += c;
            continue;
        }
        const auto octet = static_cast<unsigned char>(c);
        out += '+';
        out += kUpperHex[octet >> 4];
        out += kUpperHex[octet & 15U];
    }
    return out;
}

std::optional<std::string> decode_orcpt(std::string_view text, AllowUtf8 allow_utf8)
{
    const auto semicolon = text.find(';');
    if (semicolon == std::string_view::npos) return std::nullopt;
    std::string type = to_lower(text.substr(0, semicolon));
    if (!is_address_type(type)) return std::nullopt;
    const std::string_view address = text.substr(semicolon + 1);
    const auto decoded = type == kUtf8Type  ? decode_utf8_address(address, allow_utf8)
                         : type == "rfc822" ? decode_rfc822_address(address, type)
                                            : decode_xtext(address);
    if (!decoded || decoded->empty()) return std::nullopt;
    return type + ";" + *decoded;
}

std::string encode_orcpt(std::string_view decoded, AllowUtf8 allow_utf8)
{
    const auto semicolon = decoded.find(';');
    if (semicolon == std::string_view::npos) return {};
    const std::string_view type = decoded.substr(0, semicolon);
    const std::string_view address = decoded.substr(semicolon + 1);
    std::string out{type};
    out += ';';
    out += type == kUtf8Type && is_valid_utf8(address) ? encode_utf8_address(address, allow_utf8)
                                                       : encode_xtext(address);
    return out;
}

}  // namespace hermetic::mail
