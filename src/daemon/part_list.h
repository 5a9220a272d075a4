// The node's parts in the order of their start: stopped in its reverse, reloaded all or none.
//
// Main's thread.
#pragma once

#include "core/result.h"
#include "daemon/subsystem.h"
#include "net/task.h"
#include "objects/snapshot.h"

#include <cstddef>
#include <string>
#include <vector>

namespace hermetic::daemon {

class PartList {
public:
    // They outlive this.
    explicit PartList(std::vector<Subsystem*> parts) : parts_{std::move(parts)} {}

    // Up to the first that cannot; those before it are to be stopped. Once.
    [[nodiscard]] Result<void, std::string> start();
    void begin();
    // Those that have started.
    [[nodiscard]] net::Task<> stop();
    [[nodiscard]] bool any_started() const { return started_ > 0; }

    // Every part, or the first error.
    [[nodiscard]] Result<void, std::string> prepare(const ReloadPlan& plan);
    // Every part, whatever the others say; the first error.
    [[nodiscard]] Result<void, std::string> reload();
    void on_objects(const objects::Snapshot& before);
    [[nodiscard]] std::vector<std::string> files() const;
    void update_gauges();

private:
    const std::vector<Subsystem*> parts_;
    std::size_t started_ = 0;  // so many, from the first
};

}  // namespace hermetic::daemon
