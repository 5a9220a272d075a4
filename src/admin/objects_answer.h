// What the directory says to a request, on its thread.
//
// Blocking, as the directory is. Private to objects_resource.cc and its test.
#pragma once

#include "admin/http.h"
#include "directory/directory.h"

#include <string>

namespace hermetic::admin {

// `by`: who asks, as it will stand beside what they change.
[[nodiscard]] Response answer_from(directory::Directory& directory, const Request& request,
                                   const std::string& by);

// The account's name, or its number where it has none; asks the system, which may ask the network.
[[nodiscard]] std::string account_name(std::uint32_t user_id);

}  // namespace hermetic::admin
