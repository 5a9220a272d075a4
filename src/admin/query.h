// What a request may ask beside its path: the parameters of each resource, and the values that they
// take.
//
// Pure. docs/reference/api.md lists them. A parameter that nobody reads would be a request that
// nobody hears: it is refused, and so is a value that means nothing.
#pragma once

#include "admin/http.h"
#include "objects/snapshot.h"

#include <optional>
#include <string>
#include <vector>

namespace hermetic::admin {

// 400 with what is known, where the resource has no such parameter, the parameter takes no such
// value, or `organization` names none of the snapshot. nullopt: all is well, or there is no such
// resource, which whoever answers says.
[[nodiscard]] std::optional<Response> refuse_query(const Request& request,
                                                   const objects::Snapshot& snapshot);

// "GET, POST": what the resource of the path takes; empty: there is no such resource.
[[nodiscard]] std::string methods_of(const std::vector<std::string>& path);

// The value, empty where it is not given.
[[nodiscard]] std::string query_value(const Request& request, const std::string& name);

}  // namespace hermetic::admin
