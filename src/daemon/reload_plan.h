// What a new configuration changes, what of it must wait for a restart, and what was built of it.
//
// plan_reload() is pure; read_reload() reads and builds everything that takes time, so that putting
// it in force takes none.
#pragma once

#include "config/node_options.h"
#include "core/result.h"
#include "core/time.h"
#include "daemon/certificates.h"
#include "directory/directory.h"

#include <optional>
#include <string>
#include <vector>

namespace hermetic::daemon {

struct ReloadPlan {
    std::vector<std::string> needs_restart;  // keys that keep their old value until then
    config::NodeOptions options;             // the new options, with those keys as they were
    std::vector<config::ListenerOptions> listeners_to_open;
    std::vector<std::string> listeners_to_close;  // by name; a moved listener is in both
    // Built of it.
    ListenerContexts contexts;
    std::optional<directory::Compiled> objects;  // of organization_file, where there is one
    config::Diagnostics warnings;
};

[[nodiscard]] ReloadPlan plan_reload(const config::NodeOptions& now,
                                     const config::NodeOptions& wanted);

struct InForce {
    config::NodeOptions options;
    ListenerContexts contexts;
};
// Of the directory's thread. What is made of the file where `in_force` holds now, or every fault;
// `files` gets what was read, for whose change is then to be looked. Where there is no fault,
// changes of objects are held to both options, those in force and the new ones, until take() has
// put the new ones in the place of the old ones, or the reload is given up (check_by(check_for())).
[[nodiscard]] Result<ReloadPlan, config::Diagnostics> read_reload(const std::string& file,
                                                                  const InForce& in_force,
                                                                  directory::Directory& directory,
                                                                  WallTime now,
                                                                  std::vector<std::string>& files);

// What a node with these options asks of objects.
[[nodiscard]] directory::Check check_for(const config::NodeOptions& options);

}  // namespace hermetic::daemon
