// Workloads in a fixed order, so that a fault point means the same each time; each ends where the
// world has stopped.
#pragma once

#include "spool_world.h"

#include <array>

namespace hermetic::crash {

// Mail of each kind comes, is deferred, fails with a notice, goes; a start in between.
void run_mail(World& world);
// Small write buffers: the log becomes tables while mail flows, tables are merged, files go.
void run_tables(World& world);

struct Workload {
    const char* name;
    void (*run)(World&);
};
inline constexpr std::array kWorkloads{Workload{"mail", run_mail}, Workload{"tables", run_tables}};

}  // namespace hermetic::crash
