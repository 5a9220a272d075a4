// The table of reasons as a document. Pure.
#pragma once

#include <string>

namespace hermetic::facts {

// docs/reference/reasons.md: Markdown, one table row each, by id.
[[nodiscard]] std::string format_reason_reference();

}  // namespace hermetic::facts
