#include "daemon/reload_part.h"

#include "config/options.h"
#include "core/text.h"
#include "daemon/diagnostics.h"
#include "daemon/ready.h"
#include "daemon/reload_plan.h"
#include "ledger/log.h"
#include "metrics/metrics.h"

#include <csignal>
#include <utility>

namespace hermetic::daemon {
namespace {

using ledger::Level;

constexpr Duration kLook = std::chrono::seconds{1};  // between looks at the files

}  // namespace

ReloadPart::ReloadPart(Uses uses)
    : uses_{std::move(uses)}, hangups_{uses_.main.executor(), SIGHUP}, tasks_{uses_.main}
{
}

Result<void, std::string> ReloadPart::start()
{
    watch_.watch(uses_.parts.files());
    loaded_at_ = uses_.main.clock().wall();
    return {};
}

void ReloadPart::begin()
{
    tasks_.spawn(watch_hangups());
    tasks_.spawn(watch_files());
}

void ReloadPart::add_files(std::vector<std::string>& files) const
{
    files.push_back(uses_.file);
}

void ReloadPart::on_objects(const objects::Snapshot& /*before*/)
{
    watch_.add(uses_.parts.files());
}

// One reload is the answer to all SIGHUPs that came before it: a script that sends them without end
// must not keep the control API, or a stop, waiting for as many reloads.
net::Task<> ReloadPart::watch_hangups()
{
    for (;;) {
        auto [error, signal] = co_await hangups_.async_wait(net::kAwait);
        if (error) co_return;
        if (!std::exchange(asked_, true)) tasks_.spawn(reload_soon());
    }
}

net::Task<> ReloadPart::reload_soon()
{
    constexpr Duration kGather = std::chrono::milliseconds{20};
    const Instant then = uses_.main.clock().now() + kGather;
    if (co_await net::sleep_until(uses_.main, then) == net::Woken::Cancelled) co_return;
    asked_ = false;
    uses_.log.reopen();
    take_up("SIGHUP");
}

net::Task<> ReloadPart::watch_files()
{
    for (;;) {
        const Instant next = uses_.main.clock().now() + kLook;
        if (co_await net::sleep_until(uses_.main, next) == net::Woken::Cancelled) co_return;
        const auto changed = watch_.look();
        if (!changed.empty()) take_up(changed.front());
    }
}

void ReloadPart::take_up(const std::string& cause)
{
    notify_service_manager("RELOADING=1");
    const auto done = try_to();
    notify_service_manager("READY=1");
    error_ = done ? std::string{} : done.error();
    uses_.metrics.add(done ? metrics::Metric::Reloads : metrics::Metric::ReloadsFailed);
    if (!done) {
        uses_.log.event(Level::Error, "reload.failed", {{"cause", cause}, {"what", done.error()}});
        return;
    }
    loaded_at_ = uses_.main.clock().wall();
    uses_.log.event(Level::Info, "reload.done", {{"cause", cause}});
}

// The objects go first, so that the others see new ones; where they cannot be kept, all else is in
// force and that is the error.
Result<void, std::string> ReloadPart::try_to()
{
    auto wanted = config::load_node_options(uses_.file);
    if (!wanted) return failure(first_of(wanted.error()));
    ReloadPlan plan = plan_reload(uses_.options, *wanted);
    if (auto ready = uses_.parts.prepare(plan); !ready) return ready;
    if (!plan.needs_restart.empty()) {
        uses_.log.event(Level::Warning, "reload.needs-restart",
                        {{"keys", join(plan.needs_restart, ", ")}});
    }
    uses_.options = std::move(plan.options);
    auto done = uses_.parts.reload();
    watch_.watch(uses_.parts.files());
    return done;
}

net::Task<> ReloadPart::stop()
{
    hangups_.cancel();
    tasks_.close();
    co_await tasks_.join();
}

}  // namespace hermetic::daemon
