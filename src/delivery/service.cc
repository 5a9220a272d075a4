#include "delivery/service.h"

#include "delivery/courier.h"
#include "ledger/log.h"
#include "net/core.h"
#include "net/stream.h"

#include <utility>

namespace hermetic::delivery {
namespace {

constexpr std::chrono::seconds kFarewell{5};
constexpr std::chrono::milliseconds kIdleCheck{500};

}  // namespace

DeliveryService::DeliveryService(Adapters adapters, SettingsPointer settings,
                                 objects::SnapshotPointer snapshot)
    : office_{adapters, std::move(settings), std::move(snapshot),
              [this](ConnectionPointer connection) { say_goodbye(std::move(connection)); }},
      tasks_{adapters.core,
             [&log = adapters.log](std::string_view what) {
                 log.event(ledger::Level::Error, "delivery.escaped", {{"what", std::string{what}}});
             }},
      waiting_{[this, &core = adapters.core] { core.post([this] { begin_waiting(); }); }}
{
}

DeliveryService::~DeliveryService() = default;

void DeliveryService::grant(std::vector<Grant> grants)
{
    waiting_.put(std::move(grants));
}

void DeliveryService::begin_waiting()
{
    for (auto& grant : waiting_.take()) {
        GrantReport untouched;
        untouched.id = grant.id;
        for (const auto& message : grant.messages) untouched.untouched.push_back(message.lease.id);
        const bool begun = !office_.stopping() &&
                           tasks_.spawn(carry(std::move(grant))) == net::TaskGroup::Spawned::Yes;
        if (!begun) report(std::move(untouched));
    }
}

net::Task<> DeliveryService::carry(Grant grant)
{
    auto ended = co_await carry_out(office_, limit_, std::move(grant));
    report(std::move(ended));
    watch_idle();
}

// Reports of one turn of the loop cross to the queue together.
void DeliveryService::report(GrantReport report)
{
    reports_.push_back(std::move(report));
    if (reports_.size() != 1) return;
    office_.adapters.core.post([this] { flush_reports(); });
}

void DeliveryService::flush_reports()
{
    if (!reports_.empty()) office_.adapters.reports.ended(std::exchange(reports_, {}));
}

void DeliveryService::set_snapshot(objects::SnapshotPointer snapshot)
{
    office_.snapshot = std::move(snapshot);
}

void DeliveryService::set_settings(SettingsPointer settings)
{
    office_.replace_settings(std::move(settings));
}

void DeliveryService::forget_failures()
{
    office_.dead = DeadHosts{};
    office_.rungs.clear();
}

void DeliveryService::say_goodbye(ConnectionPointer connection)
{
    tasks_.spawn(farewell(std::move(connection)));
}

// QUIT, and the end without waiting for its answer: it would only cost time (RFC 5321 §4.1.1.10).
net::Task<> DeliveryService::farewell(ConnectionPointer connection)
{
    connection->stream->until(office_.within(kFarewell));
    const auto written = co_await connection->stream->write("QUIT\r\n");
    static_cast<void>(written);
    connection->stream->close();
}

void DeliveryService::watch_idle()
{
    if (watching_idle_ || office_.pool.size() == 0) return;
    watching_idle_ = tasks_.spawn(expire_idle()) == net::TaskGroup::Spawned::Yes;
}

net::Task<> DeliveryService::expire_idle()
{
    auto woken = net::Woken::OnTime;
    while (woken == net::Woken::OnTime && office_.pool.size() != 0 && !office_.stopping()) {
        woken = co_await net::sleep_until(office_.adapters.core, office_.now() + kIdleCheck);
        office_.pool.expire(office_.now());
    }
    watching_idle_ = false;
}

net::Task<> DeliveryService::stop(Instant deadline)
{
    office_.stop_by(deadline);
    office_.pool.close_all();
    // Their connections are put back, and goodbye is said to them, while they end.
    while (tasks_.size() != 0) co_await tasks_.join();
    tasks_.close();
    begin_waiting();
    flush_reports();
}

}  // namespace hermetic::delivery
