#include "daemon/ready_part.h"

#include "daemon/listeners.h"
#include "daemon/ready.h"
#include "ledger/log.h"

#include <unistd.h>

namespace hermetic::daemon {

ReadyPart::ReadyPart(ledger::Log& log, const Listeners& listeners, std::string file,
                     std::string admin)
    : log_{log}, listeners_{listeners}, file_{std::move(file)}, admin_{std::move(admin)}
{
}

Result<void, std::string> ReadyPart::start()
{
    Ready ready;
    for (const auto& each : listeners_.bound()) {
        ready.listeners.push_back({each.listener->options.name, each.address});
    }
    ready.admin = admin_;
    ready.pid = ::getpid();
    if (!file_.empty() && !write_ready_file(file_, ready)) {
        return failure(file_ + " cannot be written");
    }
    notify_service_manager("READY=1");
    return {};
}

void ReadyPart::tell_stopping()
{
    log_.event(ledger::Level::Info, "server.stopping", {});
    notify_service_manager("STOPPING=1");
}

}  // namespace hermetic::daemon
