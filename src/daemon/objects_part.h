// The node's objects: from the directory, or from the file that governs it, into force.
#pragma once

#include "config/document.h"
#include "config/node_options.h"
#include "daemon/subsystem.h"
#include "directory/directory_thread.h"
#include "net/core.h"
#include "net/task_group.h"
#include "objects/snapshot.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace hermetic::ledger {
class Log;
}

namespace hermetic::daemon {

class ObjectsPart final : public Subsystem {
public:
    // Tells every subsystem of new objects.
    using Publish = std::function<void(const objects::Snapshot& before)>;
    // All of it outlives this.
    ObjectsPart(net::Core& main, ledger::Log& log, const config::NodeOptions& options,
                Publish publish);

    [[nodiscard]] Result<void, std::string> start() override;
    void begin() override;
    [[nodiscard]] Result<void, std::string> prepare(const ReloadPlan& plan) override;
    // Waits for the directory's disk, as a reload does for the files it reads.
    [[nodiscard]] Result<void, std::string> reload() override;
    void add_files(std::vector<std::string>& files) const override;
    [[nodiscard]] net::Task<> stop() override;

    // In force; not null from start() on.
    [[nodiscard]] const objects::SnapshotPointer& snapshot() const { return snapshot_; }
    [[nodiscard]] directory::DirectoryThread& directory() { return *directory_; }

private:
    [[nodiscard]] Result<void, std::string> make_folder();
    void put_in_force(const objects::SnapshotPointer& snapshot);
    void log_notes(const config::Diagnostics& notes);
    // Specification §3.1: reminders of exceptions' ends.
    net::Task<> watch_exceptions();
    void remind_of_exceptions();

    net::Core& main_;
    ledger::Log& log_;
    const config::NodeOptions& options_;
    Publish publish_;
    objects::SnapshotPointer snapshot_;
    std::unique_ptr<directory::DirectoryThread> directory_;
    std::optional<config::Node> prepared_;  // the governing file of a reload
    std::optional<WallTime> reminded_at_;   // of exceptions' ends
    net::TaskGroup tasks_;
};

}  // namespace hermetic::daemon
