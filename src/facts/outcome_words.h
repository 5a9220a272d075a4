// What a peer said at the end of an attempt, as it may stand in a line of ours. Pure. Specification
// §2.2. An outcome of either side: format_words() (facts/attempt_history.h).
#pragma once

#include "facts/attempt.h"

#include <cstddef>
#include <string>

namespace hermetic::facts {

// "450 4.2.1 busy, try later": a reply with its code, its lines as one. Foreign, and unescaped.
[[nodiscard]] std::string reply_line(const Outcome& outcome);

// The same in quotation marks: `"450 4.2.1 busy, try later"`.
[[nodiscard]] std::string quote_reply(const Outcome& outcome, std::size_t max = 200);

}  // namespace hermetic::facts
