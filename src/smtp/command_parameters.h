// Parameters of MAIL and RCPT: "SIZE=1000 BODY=8BITMIME".
//
// Pure. RFC 5321 §4.1.2 (esmtp-param), RFC 1870, RFC 6152, RFC 6531, RFC 3461. A parameter that is
// unknown, or belongs to an extension that is not offered, is 555 5.5.4; one given twice is
// refused.
#pragma once

#include "core/result.h"
#include "smtp/command.h"

#include <string_view>

namespace hermetic::smtp {

// Fills in what `text`, the rest of the line after the path, says.
[[nodiscard]] Result<void, Refusal> parse_parameters(std::string_view text, command::Mail& mail);
[[nodiscard]] Result<void, Refusal> parse_parameters(std::string_view text, command::Rcpt& rcpt,
                                                     mail::AllowUtf8 allow_utf8);

}  // namespace hermetic::smtp
