// What the directory says to a request, on its thread.
//
// Blocking, as the directory is. Private to the resources and its test.
#pragma once

#include "admin/http.h"
#include "directory/directory.h"

#include <memory>
#include <string>

namespace hermetic::admin {

// `by`: who asks, as it will stand beside what they change.
[[nodiscard]] Response answer_from(directory::Directory& directory, const Request& request,
                                   const std::string& by);

// The objects as the change that a request asks for would make them; nothing is changed. A body
// with a version is a PATCH, one without a POST.
[[nodiscard]] Result<std::shared_ptr<const objects::Snapshot::Contents>, Response> preview(
    directory::Directory& directory, const Request& request);

// The account's name, or its number where it has none; asks the system, which may ask the network.
[[nodiscard]] std::string account_name(std::uint32_t user_id);

}  // namespace hermetic::admin
