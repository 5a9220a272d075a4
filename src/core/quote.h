// Foreign text within sentences of ours. Pure. Specification §2.2.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hermetic {

// printable() (core/text.h) in quotation marks; a `"` in it becomes `\"`. `max` is for what stands
// between them.
[[nodiscard]] std::string quoted(std::string_view foreign, std::size_t max = 200);

// For text of ours in which what is foreign was made printable when it came in: as printable(), but
// `\` stays, so that nothing is escaped twice.
[[nodiscard]] std::string printable_once(std::string_view text, std::size_t max = 200);

}  // namespace hermetic
