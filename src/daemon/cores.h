// The cores that carry sessions and deliveries, a thread each.
#pragma once

#include "config/node_options.h"
#include "daemon/subsystem.h"
#include "daemon/worker.h"
#include "net/core.h"

#include <functional>
#include <memory>
#include <vector>

namespace hermetic::daemon {

class Cores final : public Subsystem {
public:
    // All of it outlives this.
    Cores(net::Core& main, const config::NodeOptions& options) : main_{main}, options_{options} {}

    [[nodiscard]] Result<void, std::string> start() override;
    // What lives on the cores has ended; it is destroyed with them.
    [[nodiscard]] net::Task<> stop() override;

    [[nodiscard]] const std::vector<std::unique_ptr<Worker>>& all() const { return workers_; }
    // Runs `task` on each, and returns when all have ended.
    [[nodiscard]] net::Task<> run_on_all(std::function<net::Task<>(Worker&)> task);

private:
    net::Core& main_;
    const config::NodeOptions& options_;
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace hermetic::daemon
