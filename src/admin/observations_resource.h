// /v1/ratchet and /v1/retirement: what was seen of destinations and clients, and what follows.
#pragma once

#include "admin/api.h"
#include "admin/http.h"
#include "net/task.h"

namespace hermetic::admin {

// `destination=` one of them, `all=yes` also those that have not fallen.
[[nodiscard]] Response list_ratchet(Api& api, const Request& request);
// Its mail that waits is tried at once.
[[nodiscard]] net::Task<Response> accept_ratchet(Api& api, Request request);
// `plan=` one of them, `format=csv`.
[[nodiscard]] Response show_retirement(Api& api, const Request& request);

}  // namespace hermetic::admin
