// The spool, and the queue that its news go to.
#pragma once

#include "config/node_options.h"
#include "daemon/subsystem.h"
#include "dispatch/dispatcher.h"
#include "net/core.h"
#include "spool/spool.h"

#include <memory>

namespace hermetic::events {
class Publisher;
}
namespace hermetic::metrics {
class Metrics;
}

namespace hermetic::daemon {

class ObjectsPart;

class SpoolPart final : public Subsystem {
public:
    // All of it outlives this.
    SpoolPart(net::Core& main, events::Publisher& events, metrics::Metrics& metrics,
              const config::NodeOptions& options, const ObjectsPart& objects);

    [[nodiscard]] Result<void, std::string> start() override;
    void update_gauges() override;
    [[nodiscard]] net::Task<> stop() override;

    // From start() on.
    [[nodiscard]] spool::Spool& spool() { return *spool_; }
    [[nodiscard]] const spool::Spool& spool() const { return *spool_; }
    // Started and ended by QueuePart.
    [[nodiscard]] dispatch::Dispatcher& dispatcher() { return *dispatcher_; }
    [[nodiscard]] const dispatch::Dispatcher& dispatcher() const { return *dispatcher_; }

private:
    net::Core& main_;
    events::Publisher& events_;
    metrics::Metrics& metrics_;
    const config::NodeOptions& options_;
    const ObjectsPart& objects_;
    std::unique_ptr<dispatch::Dispatcher> dispatcher_;
    std::unique_ptr<spool::Spool> spool_;
};

}  // namespace hermetic::daemon
