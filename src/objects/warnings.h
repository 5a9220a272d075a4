// What objects may say and hardly mean: told at save, by `check` and at start, and no fault.
//
// Pure.
#pragma once

#include "config/diagnostic.h"
#include "core/time.h"
#include "objects/snapshot.h"

namespace hermetic::objects {

// By the object: `inbound_connector "ours".networks`; file and line are not known.
[[nodiscard]] config::Diagnostics find_warnings(const Snapshot::Contents& contents);
// Exceptions that are over and still stand there. A server reports each end when it comes.
[[nodiscard]] config::Diagnostics find_ended_exceptions(const Snapshot::Contents& contents,
                                                        WallTime now);

}  // namespace hermetic::objects
