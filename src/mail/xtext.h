// xtext and the original recipient of RFC 3461 (§4, §4.2), with the utf-8 form of RFC 6533 §3.
//
// Pure. Decoded values are what envelopes keep; the wire form is made again where it is needed.
#pragma once

#include "mail/address.h"

#include <optional>
#include <string>
#include <string_view>

namespace hermetic::mail {

// "a+2Bb" → "a+b". nullopt where it is not xtext, or decodes to something unprintable.
[[nodiscard]] std::optional<std::string> decode_xtext(std::string_view text);
[[nodiscard]] std::string encode_xtext(std::string_view text);

// "rfc822;a+2Bb@example.org" → "rfc822;a+b@example.org"; "utf-8;\x{E9}@example.org" →
// "utf-8;é@example.org". The type is lower-cased. Raw UTF-8 (utf-8-addr-unitext) only where
// allowed. nullopt where it is none.
[[nodiscard]] std::optional<std::string> decode_orcpt(std::string_view text, AllowUtf8 allow_utf8);

// The way back. Without SMTPUTF8 a utf-8 address is written as utf-8-addr-xtext, which is ASCII.
[[nodiscard]] std::string encode_orcpt(std::string_view decoded, AllowUtf8 allow_utf8);

}  // namespace hermetic::mail
