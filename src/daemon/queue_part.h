// The queue at work: which mail goes out when, and what a change means for the mail that waits.
#pragma once

#include "daemon/subsystem.h"
#include "net/core.h"
#include "net/task_group.h"

#include <functional>
#include <memory>
#include <string_view>

namespace hermetic::daemon {

class ChangedPolicy;
class Cores;
class ObjectsPart;
class SpoolPart;

class QueuePart final : public Subsystem {
public:
    // All of it outlives this.
    QueuePart(net::Core& main, const ObjectsPart& objects, Cores& cores, SpoolPart& spool);

    [[nodiscard]] Result<void, std::string> start() override;
    // Mail that may have waited for a file.
    [[nodiscard]] Result<void, std::string> reload() override;
    void on_objects(const objects::Snapshot& before) override;
    // Deliveries end, or are cut short, while the queue still hears of them.
    [[nodiscard]] net::Task<> stop() override;

private:
    using Concerns = std::function<bool(std::string_view route_key)>;
    void retry_waiting(Concerns concerns);
    net::Task<> retry_again(std::shared_ptr<const ChangedPolicy> changed);

    net::Core& main_;
    const ObjectsPart& objects_;
    Cores& cores_;
    SpoolPart& spool_;
    net::TaskGroup tasks_;
};

}  // namespace hermetic::daemon
