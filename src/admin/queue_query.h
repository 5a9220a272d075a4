// What a request of /v1/queue means: the selection in its query. Pure.
#pragma once

#include "admin/http.h"
#include "admin/query.h"
#include "core/result.h"
#include "queue/selection.h"

#include <string>

namespace hermetic::admin {

// destination, sender, recipient, reason, older_than, state, as_of; "<>" is the null sender. The
// error is the refusal, of an empty value, too.
[[nodiscard]] Result<queue::Selection, Response> parse_selection(const Request& request);

// The same for a change of many: it must narrow the queue, or say all=yes.
[[nodiscard]] Result<queue::Selection, Response> parse_change_selection(const Request& request);

}  // namespace hermetic::admin
