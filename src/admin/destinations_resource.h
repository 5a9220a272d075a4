// /v1/destinations: where mail goes, how it fares there, and pauses.
#pragma once

#include "admin/api.h"
#include "admin/http.h"
#include "net/task.h"

namespace hermetic::admin {

[[nodiscard]] net::Task<Response> list_destinations(Api& api);
// "pause" and "resume", by the last segment of the path.
[[nodiscard]] net::Task<Response> act_on_destination(Api& api, Request request);

}  // namespace hermetic::admin
