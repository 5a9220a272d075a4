// JSON of the queue's values that several resources show. Private to the resources.
#pragma once

#include "core/time.h"
#include "queue/pauses.h"

#include <boost/json.hpp>

namespace hermetic::admin {

inline void add_pause(boost::json::object& body, const queue::Pause& pause)
{
    body["paused_by"] = pause.by;
    body["paused_at"] = format_rfc3339(pause.at);
    body["paused_because"] = pause.why;
}

}  // namespace hermetic::admin
