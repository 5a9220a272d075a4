// /v1/queue: what waits, and what operators do with one message; queue_operations.h: with many.
#pragma once

#include "admin/api.h"
#include "admin/http.h"
#include "dispatch/message_change.h"
#include "net/task.h"

namespace hermetic::admin {

[[nodiscard]] net::Task<Response> list_queue(Api& api, Request request);
[[nodiscard]] net::Task<Response> show_message(Api& api, Request request);
// Its text: the header, or the whole message, bounded. Logged with who asked.
[[nodiscard]] net::Task<Response> view_message(Api& api, Request request);
[[nodiscard]] net::Task<Response> act_on_message(Api& api, dispatch::MessageChange::Kind kind,
                                                 Request request);

}  // namespace hermetic::admin
