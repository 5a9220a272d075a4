// Foreign text as answers of the control API show it: names, addresses, labels, reasons. Pure.
#pragma once

#include "core/text.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace hermetic::admin {

// A mailbox may be so long: 64 octets, "@", 255 octets (RFC 5321 §4.5.3.1).
inline constexpr std::size_t kLongestShown = 320;

[[nodiscard]] inline std::string shown(std::string_view text)
{
    return printable(text, kLongestShown);
}

}  // namespace hermetic::admin
