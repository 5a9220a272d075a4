#include "daemon/queue_part.h"

#include "daemon/cores.h"
#include "daemon/grace.h"
#include "daemon/objects_part.h"
#include "daemon/services_part.h"
#include "daemon/spool_part.h"
#include "metrics/event_counter.h"
#include "metrics/metrics.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace hermetic::daemon {

QueuePart::QueuePart(net::Core& main, metrics::Metrics& metrics, const ObjectsPart& objects,
                     const ServicesPart& services, Cores& cores, SpoolPart& spool)
    : main_{main},
      metrics_{metrics},
      objects_{objects},
      services_{services},
      cores_{cores},
      spool_{spool}
{
}

Result<void, std::string> QueuePart::start()
{
    std::vector<dispatch::GrantTaker*> takers;
    for (const auto& worker : cores_.all()) takers.push_back(&worker->delivery());
    spool_.dispatcher().start(spool_.spool(), std::move(takers), objects_.snapshot());
    told_ = sources();
    begin_connectors();
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
    begin_connectors();
}

void QueuePart::begin_connectors()
{
    for (const auto& each : objects_.snapshot()->contents().outbound_connectors)
        if (each.enabled) metrics::begin_connector(metrics_, each.organization, each.name);
}

void QueuePart::update_gauges()
{
    const auto snapshot = objects_.snapshot();
    const auto ages = spool_.dispatcher().connector_ages();
    std::vector<metrics::Sample> samples;
    for (const auto& each : snapshot->contents().outbound_connectors)
        if (each.enabled) samples.push_back({{each.organization, each.name}, 0});
    for (const dispatch::ConnectorAge& each : ages) {
        const auto age = std::chrono::floor<std::chrono::seconds>(each.age);
        samples.push_back({{each.name.organization, each.name.connector},
                           static_cast<std::uint64_t>(age.count())});
    }
    metrics_.set(metrics::Family::ConnectorOldest, samples);
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
