// How much of a text consists of whole lines that need no attention. Pure; the hot path of every
// received octet, hence sixteen at a time where the machine can.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hermetic::smtp {

enum class LeadingDots : std::uint8_t { Pass, Stop };

// The end of the last line of `text` before which there is no bare CR, no bare LF and, with Stop,
// no line that begins with a dot; 0 where the first line does not end so. `text` does not begin
// behind a CR of its line. It may say less than there is: what follows is to be looked at octet by
// octet.
[[nodiscard]] std::size_t skip_clean_lines(std::string_view text, LeadingDots dots);

}  // namespace hermetic::smtp
