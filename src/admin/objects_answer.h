// What the directory says to a request, on its thread.
//
// Blocking, as the directory is. Private to the resources and its test.
#pragma once

#include "admin/http.h"
#include "directory/directory.h"
#include "events/events.h"

#include <memory>
#include <string>

namespace hermetic::admin {

// `by`: who asks, as it will stand beside what they change.
[[nodiscard]] Response answer_from(directory::Directory& directory, const Request& request,
                                   const std::string& by);

// The objects as the change that a request asks for would make them, and the object that is meant;
// nothing is changed. A body with a version is a PATCH, one without a POST.
struct Preview {
    std::shared_ptr<const objects::Snapshot::Contents> contents;  // not null
    directory::ObjectKey key;
};
[[nodiscard]] Result<Preview, Response> preview(directory::Directory& directory,
                                                const Request& request);

// The account's name, or its number where it has none; asks the system, which may ask the network.
[[nodiscard]] std::string account_name(std::uint32_t user_id);
// Who asks, as account_name() says.
[[nodiscard]] events::Actor actor_of(const Request& request);

}  // namespace hermetic::admin
