// ASCII text helpers shared by every parser. Locale-free.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic {

[[nodiscard]] constexpr char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
[[nodiscard]] constexpr char ascii_upper(char c)
{
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] std::string to_upper(std::string_view text);
[[nodiscard]] bool iequals(std::string_view a, std::string_view b);
[[nodiscard]] bool istarts_with(std::string_view text, std::string_view prefix);

// Without leading and trailing SP and HTAB.
[[nodiscard]] std::string_view trim(std::string_view text);

// Parts between separators, empty ones included; "" has one empty part. Views into `text`.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);

// The whole of `text` as an unsigned decimal number without sign or blanks; nullopt otherwise or on
// overflow.
template <typename Unsigned>
[[nodiscard]] std::optional<Unsigned> parse_decimal(std::string_view text)
{
    Unsigned value{};
    if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

[[nodiscard]] std::string to_hex(std::string_view octets);
[[nodiscard]] std::string to_base64(std::string_view octets);
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

// Foreign text (addresses, EHLO names, peer replies, certificate names, subjects) as it may stand
// in a reply, header, notice, log or page: printable ASCII and valid UTF-8 letters stay, everything
// else becomes \xNN, `\` becomes `\\`; at most `max` octets, cut with "..." (specification §2.2).
[[nodiscard]] std::string printable(std::string_view foreign, std::size_t max = 200);

// The same, but 7-bit: what is not printable ASCII becomes \xNN. For replies without SMTPUTF8.
[[nodiscard]] std::string printable_ascii(std::string_view foreign, std::size_t max = 200);

[[nodiscard]] bool is_ascii(std::string_view text);
[[nodiscard]] bool is_valid_utf8(std::string_view text);

}  // namespace hermetic
