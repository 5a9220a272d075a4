// What was seen of destinations and clients.
#pragma once

#include "config/node_options.h"
#include "daemon/subsystem.h"
#include "observations/keeper.h"
#include "observations/observations.h"

#include <memory>

namespace hermetic::events {
class Publisher;
}

namespace hermetic::daemon {

class ObservationsPart final : public Subsystem {
public:
    // All of it outlives this.
    ObservationsPart(events::Publisher& events, const config::NodeOptions& options)
        : events_{events}, options_{options}
    {
    }

    // Never fails: without their file the observations begin anew.
    [[nodiscard]] Result<void, std::string> start() override;
    [[nodiscard]] net::Task<> stop() override;

    [[nodiscard]] observations::Observations& observations() { return observations_; }

private:
    events::Publisher& events_;
    const config::NodeOptions& options_;
    observations::Observations observations_;
    std::unique_ptr<observations::Keeper> keeper_;
};

}  // namespace hermetic::daemon
