// /v1/outcomes: what became of a message, also when it has left the queue.
#pragma once

#include "admin/api.h"

namespace hermetic::admin {

[[nodiscard]] Response show_outcomes(const Api& api, const Request& request);

}  // namespace hermetic::admin
