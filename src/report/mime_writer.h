// The few pieces of MIME that our own documents are written with.
//
// Pure. Output is CRLF and 7-bit; lines are at most 78 octets where that can be, 998 always.
// RFC 5322 §2.1.1, RFC 2045 §6.7 and §6.8, RFC 2047.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hermetic::report {

// "Name: value" CRLF, folded at blanks. The value must be printable (core/text.h); what is not
// ASCII becomes encoded words (unstructured fields only).
[[nodiscard]] std::string format_unstructured(std::string_view name, std::string_view value);

// "Name: value" CRLF, folded at blanks; raw UTF-8 stays as it is. For fields whose grammar the
// caller has kept.
[[nodiscard]] std::string format_structured(std::string_view name, std::string_view value);

// Lines may end in CRLF or LF; the result ends in CRLF unless empty.
[[nodiscard]] std::string encode_quoted_printable(std::string_view text);

// Lines of 76.
[[nodiscard]] std::string encode_base64_lines(std::string_view octets);

// A boundary made from `seed` that does not occur in `content`.
[[nodiscard]] std::string choose_boundary(std::string_view seed, std::string_view content);

// "&<>\"'" and nothing else.
[[nodiscard]] std::string escape_html(std::string_view text);

// Breaks text at blanks into lines of at most `width`, each after `indent` blanks; CRLF.
[[nodiscard]] std::string wrap(std::string_view text, std::size_t indent = 0,
                               std::size_t width = 76);

// Every octet below 128, no NUL, every line at most 998 octets and ended by CRLF: may be sent
// "7bit".
[[nodiscard]] bool is_seven_bit(std::string_view text);
// No line over 998 octets.
[[nodiscard]] bool has_short_lines(std::string_view text);

}  // namespace hermetic::report
