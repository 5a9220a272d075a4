#include "delivery/service.h"

#include "core/assert.h"
#include "core/text.h"
#include "delivery/job_runner.h"
#include "events/publisher.h"
#include "facts/reasons.h"
#include "net/core.h"
#include "net/deadline_wheel.h"
#include "net/stream.h"
#include "outbound/remembered_hosts.h"

#include <utility>

namespace hermetic::delivery {
namespace {

constexpr std::chrono::seconds kFarewell{5};
constexpr std::chrono::milliseconds kCheckInterval{250};  // of idle connections and silent peers
constexpr std::chrono::seconds kSilent{2};                // without a word the queue is told

queue::Peer peer_of(const outbound::PeerWatch& watch, Instant now)
{
    const auto since = watch.silent_since();
    if (!since || now - *since < kSilent) return queue::Peer::Speaks;
    return watch.dot() == outbound::PeerWatch::Dot::After ? queue::Peer::SilentAfterDot
                                                          : queue::Peer::Silent;
}

queue::Site site_of(const outbound::PeerWatch& watch)
{
    return watch.peer() ? queue::site_of(*watch.peer()) : std::nullopt;
}

std::string_view name(const outbound::HostMemory::Row& row)
{
    using What = outbound::HostMemory::Row::What;
    switch (row.what) {
    case What::Silent:
        return "greets-nobody";
    case What::LongSilent:
        return "greets-nobody-for-an-hour";
    case What::Untried:
        return "left-untried";
    case What::Found:
        return policy::name(row.finding);
    }
    unreachable("everything that is remembered is named above");
}

// A key of the memory of steps is host, port and the policy's text (outbound/next_hop_client.cc).
std::string endpoint_of_step(std::string_view key)
{
    const auto parts = split(key, '|');
    if (parts.size() < 3) return {};
    std::string endpoint{parts[0]};
    return endpoint.append(1, ':').append(parts[1]);
}

}  // namespace

// Wakes the service while it has grants or keeps idle connections; nothing waits for it, so a stop
// does not either.
struct DeliveryService::CheckTimer final : net::Deadline {
    CheckTimer(net::Core& its_core, std::function<void()> its_callback)
        : core{its_core}, callback{std::move(its_callback)}
    {
        core.wheel().add(*this);
    }
    ~CheckTimer() override { core.wheel().remove(*this); }

    void arm(Instant now)
    {
        armed = true;
        core.wheel().set(*this, now + kCheckInterval);
    }
    void on_expired() override { callback(); }
    void on_cancelled() override {}

    net::Core& core;
    std::function<void()> callback;
    bool armed = false;
};

DeliveryService::DeliveryService(outbound::Adapters adapters, dispatch::GrantReports& reports,
                                 outbound::SettingsPointer settings,
                                 objects::SnapshotPointer snapshot)
    : context_{adapters, std::move(settings), std::move(snapshot),
               [this](outbound::ConnectionPointer connection) {
                   say_goodbye(std::move(connection));
               }},
      told_{reports},
      tasks_{
          adapters.core,
          [&events = adapters.events](std::string_view what) {
              events.publish(events::Escaped{events::Escaped::From::Delivery, std::string{what}});
          }},
      waiting_{[this] { post(&DeliveryService::begin_waiting); }},
      check_timer_{
          std::make_unique<CheckTimer>(adapters.core, [this] { post(&DeliveryService::check); })}
{
}

DeliveryService::~DeliveryService() = default;

// What is still on its way to the core when the service ends finds nobody.
void DeliveryService::post(void (DeliveryService::*what)())
{
    context_.adapters.core.post([this, what, alive = std::weak_ptr<const char>{alive_}] {
        if (!alive.expired()) (this->*what)();
    });
}

void DeliveryService::grant(std::vector<dispatch::Grant> grants)
{
    waiting_.put(std::move(grants));
}

void DeliveryService::begin_waiting()
{
    for (auto& grant : waiting_.take()) {
        dispatch::GrantReport untouched;
        untouched.id = grant.id;
        for (const auto& message : grant.messages) untouched.untouched.push_back(message.lease.id);
        const bool begun = !context_.stopping() &&
                           tasks_.spawn(carry(std::move(grant))) == net::TaskGroup::Spawned::Yes;
        if (!begun) report(std::move(untouched));
    }
}

net::Task<> DeliveryService::carry(dispatch::Grant grant)
{
    const std::uint64_t id = grant.id;
    outbound::PeerWatch& watch = under_way_[id].watch;
    schedule_check();
    auto ended = co_await carry_out(context_, limit_, watch, std::move(grant));
    under_way_.erase(id);
    report(std::move(ended));
    schedule_check();
}

// Reports of one turn of the loop cross to the queue together.
void DeliveryService::report(dispatch::GrantReport report)
{
    reports_.push_back(std::move(report));
    if (reports_.size() != 1) return;
    post(&DeliveryService::flush_reports);
}

void DeliveryService::flush_reports()
{
    if (!reports_.empty()) told_.ended(std::exchange(reports_, {}));
}

void DeliveryService::set_snapshot(objects::SnapshotPointer snapshot)
{
    context_.snapshot = std::move(snapshot);
}

void DeliveryService::set_settings(outbound::SettingsPointer settings)
{
    context_.replace_settings(std::move(settings));
}

std::vector<outbound::RememberedHost> DeliveryService::remembered() const
{
    const Instant now = context_.now();
    std::vector<outbound::RememberedHost> all;
    for (outbound::DeadHosts::Row& row : context_.dead.list(now)) {
        all.push_back({std::move(row.key), "unreachable", {}, row.left});
    }
    for (const outbound::StepMemory::Row& row : context_.step_memory.list(now)) {
        const auto parts = split(row.key, '|');
        if (parts.size() < 3) continue;
        std::string host = endpoint_of_step(row.key);
        const auto policy = row.key.substr(parts[0].size() + parts[1].size() + 2);
        all.push_back({std::move(host), std::string{facts::name(row.kind)}, policy, row.left});
    }
    for (outbound::HostMemory::Row& row : context_.hosts->list(now)) {
        std::string host =
            row.key.address.empty() ? std::move(row.key.host) : std::move(row.key.address);
        all.push_back({std::move(host), std::string{name(row)}, std::move(row.key.policy), row.left,
                       std::move(row.key.destination)});
    }
    return all;
}

std::size_t DeliveryService::forget(std::string_view host)
{
    const auto is_meant = [&](std::string_view key) {
        return outbound::is_of(endpoint_of_step(key), host);
    };
    return context_.dead.forget_host(host) + context_.hosts->forget(host) +
           context_.step_memory.forget(is_meant);
}

void DeliveryService::say_goodbye(outbound::ConnectionPointer connection)
{
    tasks_.spawn(farewell(std::move(connection)));
}

// QUIT, and the end without waiting for its answer: it would only cost time (RFC 5321 §4.1.1.10).
net::Task<> DeliveryService::farewell(outbound::ConnectionPointer connection)
{
    connection->stream->until(context_.within(kFarewell));
    const auto written = co_await connection->stream->write("QUIT\r\n");
    static_cast<void>(written);
    connection->stream->close();
}

void DeliveryService::schedule_check()
{
    const bool nothing = context_.pool.size() == 0 && under_way_.empty();
    if (!check_timer_->armed && !nothing) check_timer_->arm(context_.now());
}

void DeliveryService::check()
{
    check_timer_->armed = false;
    context_.pool.expire(context_.now());
    if (context_.stopping()) return;
    check_peers();
    schedule_check();
}

void DeliveryService::check_peers()
{
    std::vector<queue::PeerChanged> changes;
    for (auto& [grant, under_way] : under_way_) {
        const queue::Peer peer = peer_of(under_way.watch, context_.now());
        if (std::exchange(under_way.told, peer) != peer)
            changes.push_back({grant, peer, site_of(under_way.watch)});
    }
    if (!changes.empty()) told_.peers_changed(std::move(changes));
}

void DeliveryService::end(std::vector<std::uint64_t> grants)
{
    context_.adapters.core.post(
        [this, grants = std::move(grants), alive = std::weak_ptr<const char>{alive_}] {
            if (!alive.expired()) end_now(grants);
        });
}

// The queue knows what was true a moment ago.
void DeliveryService::end_now(const std::vector<std::uint64_t>& grants)
{
    for (const std::uint64_t grant : grants) {
        const auto found = under_way_.find(grant);
        if (found == under_way_.end()) continue;
        outbound::PeerWatch& watch = found->second.watch;
        if (peer_of(watch, context_.now()) == queue::Peer::Silent) watch.give_way();
    }
    check_peers();
}

net::Task<> DeliveryService::stop(Instant deadline)
{
    context_.stop_by(deadline);
    // What ends puts its connection back, and goodbye is said to that too.
    while (tasks_.size() != 0 || context_.pool.size() != 0) {
        context_.pool.close_all();
        co_await tasks_.join();
    }
    tasks_.close();
    begin_waiting();
    flush_reports();
}

}  // namespace hermetic::delivery
