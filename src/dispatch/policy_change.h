// Whether a new snapshot may change how the mail of a route fares, though the route stays.
//
// Pure. Specification §6: a change that could help retries the affected mail at once.
#pragma once

#include "objects/snapshot.h"

#include <string_view>

namespace hermetic::dispatch {

// Its connector, that one's certificate, its organization, or a plan of outbound retirement.
[[nodiscard]] bool policy_changed(const objects::Snapshot& before, const objects::Snapshot& after,
                                  std::string_view route_key);

}  // namespace hermetic::dispatch
