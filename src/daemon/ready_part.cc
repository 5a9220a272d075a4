#include "daemon/ready_part.h"

#include "daemon/control_part.h"
#include "daemon/listeners.h"
#include "daemon/ready.h"
#include "events/publisher.h"

#include <unistd.h>

namespace hermetic::daemon {

ReadyPart::ReadyPart(events::Publisher& events, const Listeners& listeners,
                     const ControlPart& control, std::string file)
    : events_{events}, listeners_{listeners}, control_{control}, file_{std::move(file)}
{
}

Result<void, std::string> ReadyPart::start()
{
    Ready ready;
    for (const auto& each : listeners_.bound()) {
        ready.listeners.push_back({each.listener->options.name, each.address});
    }
    ready.admin = control_.socket();
    ready.metrics = control_.metrics_addresses();
    ready.pid = ::getpid();
    if (!file_.empty() && !write_ready_file(file_, ready)) {
        return failure(file_ + " cannot be written");
    }
    notify_service_manager("READY=1");
    return {};
}

void ReadyPart::tell_stopping()
{
    events_.publish(events::ServerStopping{});
    notify_service_manager("STOPPING=1");
}

}  // namespace hermetic::daemon
