// /v1/objects, /v1/export and /v1/changes: the objects, and every way to change them;
// /v1/exceptions.
#pragma once

#include "admin/api.h"
#include "admin/http.h"
#include "net/task.h"

#include <cstdint>
#include <string>

namespace hermetic::admin {

[[nodiscard]] bool is_about_objects(const Request& request);

// All exceptions of the objects in force, the first to end first.
[[nodiscard]] Response list_exceptions(Api& api);

// On the directory's thread, which answers while this waits.
[[nodiscard]] net::Task<Response> answer_objects(Api& api, Request request);

// The account's name, looked up there, too: the system may ask the network. Empty: not in time.
[[nodiscard]] net::Task<std::string> find_account(Api& api, std::uint32_t user_id);

}  // namespace hermetic::admin
