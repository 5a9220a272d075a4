// Says that the server accepts, and that it stops: to the ready file and the service manager.
#pragma once

#include "daemon/subsystem.h"

#include <string>

namespace hermetic::ledger {
class Log;
}

namespace hermetic::daemon {

class Listeners;

class ReadyPart final : public Subsystem {
public:
    // `file`: empty: none. All else outlives this.
    ReadyPart(ledger::Log& log, const Listeners& listeners, std::string file, std::string admin);

    [[nodiscard]] Result<void, std::string> start() override;
    [[nodiscard]] net::Task<> stop() override { co_return; }
    // The first thing of a stop.
    void tell_stopping();

private:
    ledger::Log& log_;
    const Listeners& listeners_;
    const std::string file_;
    const std::string admin_;
};

}  // namespace hermetic::daemon
