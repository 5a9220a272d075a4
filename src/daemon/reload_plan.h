// What a new configuration changes, and what of it must wait for a restart.
//
// Pure.
#pragma once

#include "config/node_options.h"

#include <string>
#include <vector>

namespace hermetic::daemon {

struct ReloadPlan {
    std::vector<std::string> needs_restart;  // keys that keep their old value until then
    config::NodeOptions options;             // the new options, with those keys as they were
    std::vector<config::ListenerOptions> listeners_to_open;
    std::vector<std::string> listeners_to_close;  // by name; a moved listener is in both
};

[[nodiscard]] ReloadPlan plan_reload(const config::NodeOptions& now,
                                     const config::NodeOptions& wanted);

}  // namespace hermetic::daemon
