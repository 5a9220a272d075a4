// What was seen of destinations and clients, and what waits for a session or a bounce.
#pragma once

#include "config/node_options.h"
#include "daemon/subsystem.h"
#include "inbound/bounce_watch.h"
#include "inbound/session_watch.h"
#include "observations/keeper.h"
#include "observations/observations.h"

#include <memory>

namespace hermetic::ledger {
class Log;
}

namespace hermetic::daemon {

class ObservationsPart final : public Subsystem {
public:
    // All of it outlives this.
    ObservationsPart(ledger::Log& log, const config::NodeOptions& options)
        : log_{log}, options_{options}
    {
    }

    // Never fails: without their file the observations begin anew.
    [[nodiscard]] Result<void, std::string> start() override;
    [[nodiscard]] net::Task<> stop() override;

    [[nodiscard]] observations::Observations& observations() { return observations_; }
    [[nodiscard]] inbound::BounceWatch& bounces() { return bounces_; }
    [[nodiscard]] inbound::SessionWatch& sessions() { return sessions_; }

private:
    ledger::Log& log_;
    const config::NodeOptions& options_;
    observations::Observations observations_;
    inbound::BounceWatch bounces_;
    inbound::SessionWatch sessions_;
    std::unique_ptr<observations::Keeper> keeper_;
};

}  // namespace hermetic::daemon
