// The table of reasons as a document. Pure.
#pragma once

#include <string>
#include <vector>

namespace hermetic::facts {

struct ReasonRow;

// Every row but None's, by id.
[[nodiscard]] std::vector<const ReasonRow*> reasons_by_id();

// docs/reference/reasons.md: Markdown, one table row each, by id.
[[nodiscard]] std::string format_reason_reference();

}  // namespace hermetic::facts
