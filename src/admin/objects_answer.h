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

// The account's name, or its number where it has none; asks the system, which may ask the network:
// not on main's core (objects_resource.h, find_account()).
[[nodiscard]] std::string account_name(std::uint32_t user_id);
// Who asks: the request's account, or the number where its name was not looked up. Asks nobody.
[[nodiscard]] events::Actor actor_of(const Request& request);

}  // namespace hermetic::admin
