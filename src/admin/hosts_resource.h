// /v1/hosts: what is remembered of hosts, listed and forgotten.
#pragma once

#include "admin/api.h"

namespace hermetic::admin {

[[nodiscard]] net::Task<Response> list_hosts(Api& api);
[[nodiscard]] net::Task<Response> forget_hosts(Api& api, Request request);

}  // namespace hermetic::admin
