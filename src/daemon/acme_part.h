// Certificates by ACME, as the options have them now.
#pragma once

#include "acme/https.h"
#include "acme/keeper.h"
#include "config/node_options.h"
#include "daemon/subsystem.h"
#include "net/core.h"
#include "net/task_group.h"

namespace hermetic::events {
class Publisher;
}
namespace hermetic::metrics {
class Metrics;
}

namespace hermetic::daemon {

class AcmePart final : public Subsystem {
public:
    // All of it outlives this.
    AcmePart(net::Core& main, events::Publisher& events, metrics::Metrics& metrics,
             const config::NodeOptions& options);

    [[nodiscard]] Result<void, std::string> start() override;
    void begin() override;
    [[nodiscard]] Result<void, std::string> reload() override;
    void update_gauges() override;
    [[nodiscard]] net::Task<> stop() override;

    [[nodiscard]] acme::Keeper& keeper() { return keeper_; }

private:
    void keep();

    metrics::Metrics& metrics_;
    const config::NodeOptions& options_;
    acme::Https https_;
    acme::Keeper keeper_;
    net::TaskGroup tasks_;
};

}  // namespace hermetic::daemon
