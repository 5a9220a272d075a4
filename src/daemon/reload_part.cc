#include "daemon/reload_part.h"

#include "core/text.h"
#include "daemon/diagnostics.h"
#include "daemon/objects_part.h"
#include "daemon/ready.h"
#include "daemon/reload_plan.h"
#include "daemon/secrets_part.h"
#include "events/publisher.h"
#include "ledger/log.h"
#include "metrics/metrics.h"

#include <csignal>
#include <functional>
#include <memory>
#include <utility>

namespace hermetic::daemon {
namespace {

constexpr Duration kCheckInterval = std::chrono::seconds{1};  // between checks of the files

}  // namespace

ReloadPart::ReloadPart(Uses uses)
    : uses_{std::move(uses)}, hangups_{uses_.main.executor(), SIGHUP}, tasks_{uses_.main}
{
}

Result<void, std::string> ReloadPart::start()
{
    watch_.watch(uses_.parts.files());
    set_loaded();
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
    co_await take_up("SIGHUP");
}

net::Task<> ReloadPart::watch_files()
{
    for (;;) {
        const Instant next = uses_.main.clock().now() + kCheckInterval;
        if (co_await net::sleep_until(uses_.main, next) == net::Woken::Cancelled) co_return;
        const auto changed = watch_.check();
        if (!changed.empty()) co_await take_up(changed.front());
    }
}

net::Task<> ReloadPart::take_up(std::string cause)
{
    again_ = std::move(cause);
    if (std::exchange(busy_, true)) co_return;
    while (again_ && !stopping_) {
        const std::string now = *std::exchange(again_, std::nullopt);
        co_await take_up_once(now);
    }
    busy_ = false;
}

net::Task<> ReloadPart::take_up_once(const std::string& cause)
{
    notify_service_manager("RELOADING=1");
    const auto done = co_await try_to();
    if (stopping_) co_return;
    notify_service_manager("READY=1");
    error_ = done ? std::string{} : done.error();
    uses_.metrics.set(metrics::Metric::ConfigurationFaulty, done ? 0 : 1);
    if (!done) {
        uses_.events.publish(events::ReloadFailed{cause, done.error()});
        co_return;
    }
    set_loaded();
    uses_.events.publish(events::Reloaded{cause});
}

void ReloadPart::set_loaded()
{
    loaded_at_ = uses_.main.clock().wall();
    const auto since_epoch = loaded_at_.time_since_epoch();
    uses_.metrics.set(metrics::Metric::ConfigurationLoaded,
                      std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count());
}

// Files are read and contexts built on the directory's thread: the ports are answered meanwhile.
net::Task<Result<void, std::string>> ReloadPart::try_to()
{
    struct Read {
        Result<ReloadPlan, config::Diagnostics> plan;
        std::vector<std::string> files;
    };
    FileWatch watch;
    watch.watch(uses_.parts.files());  // as they are before they are read
    std::function<std::shared_ptr<Read>(directory::Directory&)> question =
        [file = uses_.file, in_force = InForce{uses_.options, uses_.secrets.contexts()},
         now = uses_.main.clock().wall()](directory::Directory& directory) {
            std::vector<std::string> files;
            auto plan = read_reload(file, in_force, directory, now, files);
            return std::make_shared<Read>(Read{std::move(plan), std::move(files)});
        };
    const auto read = co_await uses_.objects.ask(std::move(question));
    if (!read || stopping_) co_return failure(std::string{"the server is stopping"});
    Read& made = **read;
    if (!made.plan) {
        watch_.add(made.files);  // what mends it may be a change of them
        co_return failure(first_of(made.plan.error()));
    }
    if (auto ready = uses_.parts.prepare(*made.plan); !ready) {
        watch_.add(made.files);
        uses_.objects.give_up();
        co_return ready;
    }
    auto done = co_await put_in_force(*std::move(made.plan));
    watch.add(uses_.parts.files());
    watch_ = std::move(watch);
    co_return done;
}

void ReloadPart::note_plan(const ReloadPlan& plan)
{
    needs_restart_ = plan.needs_restart;  // all of them: the values in force are compared
    if (!plan.needs_restart.empty()) {
        uses_.events.publish(events::ReloadNeedsRestart{plan.needs_restart});
    }
    report_warnings(uses_.events, plan.warnings);
}

// The objects go first, so that the others see new ones; where they cannot be kept, all else is in
// force and that is the error.
net::Task<Result<void, std::string>> ReloadPart::put_in_force(ReloadPlan plan)
{
    auto taken = co_await uses_.objects.take(plan.options, std::move(plan.objects));
    if (stopping_) co_return failure(std::string{"the server is stopping"});
    note_plan(plan);
    uses_.options = std::move(plan.options);
    auto done = uses_.parts.reload();
    if (!taken) co_return taken;
    co_return done;
}

net::Task<> ReloadPart::stop()
{
    stopping_ = true;
    hangups_.cancel();
    tasks_.close();
    co_await tasks_.join();
}

}  // namespace hermetic::daemon
