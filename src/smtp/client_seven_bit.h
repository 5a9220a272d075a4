// Turns a message with 8-bit text into one that a server without 8BITMIME may be given.
//
// Pure. RFC 6152 §3 (a client either converts or returns the message), RFC 2045 §6. Only leaf parts
// are re-encoded, as quoted-printable, which decodes to the same octets; structure and header
// fields stay as they are but for Content-Transfer-Encoding. What could be damaged is not touched:
// signed and encrypted parts, binary parts, and whatever is not clear.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::smtp {

// A larger message is not converted: it would have to be in memory whole, twice.
inline constexpr std::uint64_t kMaxConverted = std::uint64_t{16} << 20;

// nullopt: it cannot be done safely. Header fields of the message itself may keep raw octets above
// 127, as they came. At most four times the size of `message`.
[[nodiscard]] std::optional<std::string> to_seven_bit(std::string_view message);

// Appends `octets` as quoted-printable: CRLF stays a line break, lines have at most 76 characters.
void append_quoted_printable(std::string_view octets, std::string& out);

}  // namespace hermetic::smtp
