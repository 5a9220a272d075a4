// Says that the server accepts, and that it stops: to the ready file and the service manager.
#pragma once

#include "daemon/subsystem.h"

#include <string>

namespace hermetic::events {
class Publisher;
}

namespace hermetic::daemon {

class ControlPart;
class Listeners;

class ReadyPart final : public Subsystem {
public:
    // `file`: empty: none. All else outlives this.
    ReadyPart(events::Publisher& events, const Listeners& listeners, const ControlPart& control,
              std::string file);

    [[nodiscard]] Result<void, std::string> start() override;
    [[nodiscard]] net::Task<> stop() override { co_return; }
    // The first thing of a stop.
    void tell_stopping();

private:
    events::Publisher& events_;
    const Listeners& listeners_;
    const ControlPart& control_;
    const std::string file_;
};

}  // namespace hermetic::daemon
