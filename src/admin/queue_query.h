// What a request of /v1/queue means: the selection in its query, and the numbers beside it. Pure.
#pragma once

#include "admin/http.h"
#include "admin/query.h"
#include "core/result.h"
#include "queue/selection.h"

#include <cstdint>
#include <optional>
#include <string>

namespace hermetic::admin {

// destination, sender, recipient, reason, older_than, state, as_of; "<>" is the null sender. The
// error is the refusal, of an empty value, too.
[[nodiscard]] Result<queue::Selection, Response> parse_selection(const Request& request);

// The same for a change of many: it must narrow the queue, or say all=yes.
[[nodiscard]] Result<queue::Selection, Response> parse_change_selection(const Request& request);

// "limit" or "at_most" in the query, `otherwise` where it is not given; nullopt: it is no number.
[[nodiscard]] std::optional<std::uint64_t> number_in(const Request& request,
                                                     const std::string& name,
                                                     std::uint64_t otherwise);

// Where a page begins, as the page before said; nullopt: it is no such number.
[[nodiscard]] std::optional<std::uint32_t> cursor_in(const Request& request);

// The refusal of either.
[[nodiscard]] Response refuse_number();

}  // namespace hermetic::admin
