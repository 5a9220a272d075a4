// /v1/objects, /v1/export and /v1/changes: the objects, and every way to change them.
#pragma once

#include "admin/api.h"
#include "admin/http.h"
#include "net/task.h"

namespace hermetic::admin {

[[nodiscard]] bool is_about_objects(const Request& request);

// On the directory's thread, which answers while this waits.
[[nodiscard]] net::Task<Response> answer_objects(Api& api, Request request);

}  // namespace hermetic::admin
