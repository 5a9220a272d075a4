// /v1/queue and /v1/destinations: what waits, and what operators do with it.
#pragma once

#include "admin/api.h"
#include "admin/http.h"
#include "core/ids.h"
#include "net/task.h"

namespace hermetic::admin {

[[nodiscard]] net::Task<Response> list_queue(Api& api, Request request);
[[nodiscard]] net::Task<Response> list_destinations(Api& api);
[[nodiscard]] net::Task<Response> show_message(Api& api, Request request);
[[nodiscard]] net::Task<Response> act_on_message(Api& api, Request request);
[[nodiscard]] net::Task<Response> approve_message(Api& api, MessageId id, Request request);
[[nodiscard]] net::Task<Response> retry_many(Api& api, Request request);
[[nodiscard]] net::Task<Response> remove_message(Api& api, Request request);

}  // namespace hermetic::admin
