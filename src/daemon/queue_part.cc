#include "daemon/queue_part.h"

#include "daemon/cores.h"
#include "daemon/grace.h"
#include "daemon/objects_part.h"
#include "daemon/services_part.h"
#include "daemon/spool_part.h"

#include <functional>
#include <memory>
#include <utility>

namespace hermetic::daemon {

QueuePart::QueuePart(net::Core& main, const ObjectsPart& objects, const ServicesPart& services,
                     Cores& cores, SpoolPart& spool)
    : main_{main}, objects_{objects}, services_{services}, cores_{cores}, spool_{spool}
{
}

Result<void, std::string> QueuePart::start()
{
    std::vector<dispatch::GrantTaker*> takers;
    for (const auto& worker : cores_.all()) takers.push_back(&worker->delivery());
    spool_.dispatcher().start(spool_.spool(), std::move(takers), objects_.snapshot());
    told_ = sources();
    return {};
}

outbound::PolicySources QueuePart::sources() const
{
    return {objects_.snapshot(), services_.settings(), main_.clock().wall()};
}

Result<void, std::string> QueuePart::reload()
{
    tell_dispatcher();
    return {};
}

void QueuePart::on_objects(const objects::Snapshot& /*before*/)
{
    tell_dispatcher();
}

// Specification §6: what a change could help is tried at once.
void QueuePart::tell_dispatcher()
{
    const outbound::PolicySources now = sources();
    const auto change = std::make_shared<outbound::PolicyChange>(std::exchange(told_, now), now);
    spool_.dispatcher().reload(objects_.snapshot(), [change](const routing::Route& route) {
        return change->concerns(route);
    });
}

net::Task<> QueuePart::stop()
{
    spool_.dispatcher().stop_granting();
    std::function<net::Task<>(Worker&)> end = [](Worker& worker) {
        return worker.delivery().stop(worker.core().clock().now() + kGrace);
    };
    co_await cores_.run_on_all(std::move(end));
    spool_.dispatcher().stop();
}

}  // namespace hermetic::daemon
