// A part of the node: what starts, what a reload and a change of objects mean to it, how it stops.
//
// Main's thread. The node has them in a list (part_list.h): they start in its order and stop in its
// reverse, so that nothing is closed while something that uses it runs. Each is given what it needs
// when it is made; what it is given stands before it in the list.
#pragma once

#include "core/result.h"
#include "net/task.h"
#include "objects/snapshot.h"

#include <string>
#include <vector>

namespace hermetic::daemon {

struct ReloadPlan;

class Subsystem {
public:
    Subsystem() = default;
    virtual ~Subsystem() = default;
    Subsystem(const Subsystem&) = delete;
    Subsystem& operator=(const Subsystem&) = delete;

    // The error is for people; then it has left nothing open, and stop() is not called.
    [[nodiscard]] virtual Result<void, std::string> start() = 0;
    // Everything has started, and main's loop runs: what it does by itself begins.
    virtual void begin() {}
    // What of a new configuration can go wrong. On an error the old one stays in force, whole.
    [[nodiscard]] virtual Result<void, std::string> prepare(const ReloadPlan& plan);
    // The new options are in force. An error is for people; the others go on.
    [[nodiscard]] virtual Result<void, std::string> reload() { return {}; }
    // Other objects are in force than `before`.
    virtual void on_objects(const objects::Snapshot& before);
    // Adds the files whose change is a reload.
    virtual void add_files(std::vector<std::string>& files) const;
    // Before the metrics are read.
    virtual void update_gauges() {}
    // Every sleep of main's core has been cancelled.
    [[nodiscard]] virtual net::Task<> stop() = 0;
};

}  // namespace hermetic::daemon
