#include "daemon/services_part.h"

#include "daemon/cores.h"
#include "daemon/objects_part.h"
#include "daemon/observations_part.h"
#include "daemon/resolver_part.h"
#include "daemon/secrets_part.h"
#include "daemon/settings.h"
#include "daemon/spool_part.h"
#include "metrics/metrics.h"

namespace hermetic::daemon {

ServicesPart::ServicesPart(Uses uses)
    : uses_{uses},
      admission_{uses.options.limits},
      message_memory_{uses.metrics, uses.options.limits.memory}
{
}

Result<void, std::string> ServicesPart::start()
{
    make_settings();
    const objects::SnapshotPointer& snapshot = uses_.objects.snapshot();
    for (const auto& worker : uses_.cores.all()) {
        const inbound::Environment environment{worker->core(),
                                               uses_.spool.spool(),
                                               uses_.events,
                                               uses_.metrics,
                                               admission_,
                                               message_memory_,
                                               &uses_.observations.observations(),
                                               &uses_.bounces,
                                               &uses_.sessions};
        const outbound::Adapters adapters{
            worker->core(), &uses_.spool.spool(), uses_.resolver.resolver(),
            uses_.events,   uses_.metrics,        &uses_.observations.observations(),
            hosts_};
        worker->set_services(std::make_unique<inbound::Service>(environment, snapshot),
                             std::make_unique<delivery::DeliveryService>(
                                 adapters, uses_.spool.dispatcher(), settings_, snapshot));
        worker->inbound().set_client_trust(uses_.secrets.client_trust());
        for (const auto& [name, context] : uses_.secrets.contexts().by_listener)
            worker->inbound().set_tls(name, context);
    }
    return {};
}

void ServicesPart::make_settings()
{
    settings_ = make_delivery_settings(uses_.options, own_, uses_.secrets.cas(),
                                       uses_.secrets.credentials());
}

Result<void, std::string> ServicesPart::reload()
{
    admission_.set_limits(uses_.options.limits);
    message_memory_.set_limit(uses_.options.limits.memory);
    make_settings();
    for (const auto& worker : uses_.cores.all()) {
        Worker* const home = worker.get();
        home->core().post([home, contexts = uses_.secrets.contexts().by_listener,
                           trust = uses_.secrets.client_trust(), settings = settings_] {
            home->inbound().set_client_trust(trust);
            for (const auto& [name, context] : contexts) home->inbound().set_tls(name, context);
            home->delivery().set_settings(settings);
        });
    }
    return {};
}

void ServicesPart::on_objects(const objects::Snapshot& /*before*/)
{
    make_settings();
    for (const auto& worker : uses_.cores.all()) {
        Worker* const home = worker.get();
        home->core().post([home, snapshot = uses_.objects.snapshot(), settings = settings_,
                           trust = uses_.secrets.client_trust()] {
            home->inbound().set_client_trust(trust);
            home->inbound().set_snapshot(snapshot);
            home->delivery().set_settings(settings);
            home->delivery().set_snapshot(snapshot);
        });
    }
}

inbound::Rates ServicesPart::rates_for(const IpAddress& client) const
{
    return inbound::rates_for(*uses_.objects.snapshot(), client);
}

void ServicesPart::set_listening(std::vector<Endpoint> own)
{
    own_ = std::move(own);
    make_settings();
    for (const auto& worker : uses_.cores.all()) {
        delivery::DeliveryService& service = worker->delivery();
        worker->core().post([&service, settings = settings_] { service.set_settings(settings); });
    }
}

void ServicesPart::update_gauges()
{
    uses_.metrics.set(metrics::Metric::SessionsOpen,
                      static_cast<std::int64_t>(admission_.sessions()));
}

net::Task<> ServicesPart::stop()
{
    co_return;
}

}  // namespace hermetic::daemon
