#include "daemon/queue_part.h"

#include "daemon/changed_policy.h"
#include "daemon/cores.h"
#include "daemon/grace.h"
#include "daemon/objects_part.h"
#include "daemon/spool_part.h"
#include "routing/route.h"

#include <set>
#include <string>

namespace hermetic::daemon {
namespace {

constexpr Duration kAttemptUnderWay = std::chrono::seconds{20};

// The connectors whose mail may wait for a file.
std::set<std::string> users_of_files(const objects::Snapshot& snapshot)
{
    std::set<std::string> names;
    for (const auto& each : snapshot.contents().outbound_connectors) {
        const auto& organization = snapshot.organization(each.organization);
        if (!each.tls.ca.empty() || !each.tls.client_certificate.empty() || each.tls.auth ||
            !organization.crl_folder.empty())
            names.insert(each.name);
    }
    return names;
}

}  // namespace

QueuePart::QueuePart(net::Core& main, const ObjectsPart& objects, Cores& cores, SpoolPart& spool)
    : main_{main}, objects_{objects}, cores_{cores}, spool_{spool}, tasks_{main}
{
}

Result<void, std::string> QueuePart::start()
{
    std::vector<dispatch::GrantTaker*> takers;
    for (const auto& worker : cores_.all()) takers.push_back(&worker->delivery());
    spool_.dispatcher().start(spool_.spool(), std::move(takers), objects_.snapshot());
    return {};
}

// Specification §6: what could help is tried at once.
Result<void, std::string> QueuePart::reload()
{
    auto connectors = users_of_files(*objects_.snapshot());
    if (connectors.empty()) return {};
    retry_waiting([connectors = std::move(connectors)](std::string_view key) {
        const auto route = routing::parse_route_key(key);
        return route && connectors.contains(route->connector);
    });
    return {};
}

void QueuePart::on_objects(const objects::Snapshot& before)
{
    spool_.dispatcher().reload(objects_.snapshot());
    const auto changed = std::make_shared<const ChangedPolicy>(before, *objects_.snapshot());
    if (!changed->any()) return;
    retry_waiting([changed](std::string_view key) { return changed->concerns(key); });
    tasks_.spawn(retry_again(changed));
}

// What was under way when the objects changed ends by the old ones, and would wait for its turn.
net::Task<> QueuePart::retry_again(std::shared_ptr<const ChangedPolicy> changed)
{
    const Instant later = main_.clock().now() + kAttemptUnderWay;
    if (co_await net::sleep_until(main_, later) == net::Woken::Cancelled) co_return;
    retry_waiting([changed](std::string_view key) { return changed->concerns(key); });
}

void QueuePart::retry_waiting(Concerns concerns)
{
    dispatch::Dispatcher& dispatcher = spool_.dispatcher();
    dispatcher.destinations([&dispatcher, concerns = std::move(concerns)](
                                const std::vector<queue::DestinationRow>& rows) {
        for (const queue::DestinationRow& row : rows) {
            if (row.deferred == 0 || !concerns(row.key)) continue;
            queue::Filter filter;
            filter.destination = row.key;
            dispatcher.retry(std::move(filter), [](const dispatch::OperatorAnswer&) {});
        }
    });
}

net::Task<> QueuePart::stop()
{
    tasks_.close();
    co_await tasks_.join();
    spool_.dispatcher().stop_granting();
    std::function<net::Task<>(Worker&)> end = [](Worker& worker) {
        return worker.delivery().stop(worker.core().clock().now() + kGrace);
    };
    co_await cores_.run_on_all(std::move(end));
    spool_.dispatcher().stop();
}

}  // namespace hermetic::daemon
