#include "daemon/node.h"

#include "admin/recent_outcomes.h"
#include "daemon/acme_part.h"
#include "daemon/certificates_in_use.h"
#include "daemon/control_part.h"
#include "daemon/cores.h"
#include "daemon/diagnostics.h"
#include "daemon/listeners.h"
#include "daemon/objects_part.h"
#include "daemon/observations_part.h"
#include "daemon/part_list.h"
#include "daemon/queue_part.h"
#include "daemon/ready_part.h"
#include "daemon/reload_part.h"
#include "daemon/remembered.h"
#include "daemon/resolver_part.h"
#include "daemon/secrets_part.h"
#include "daemon/services_part.h"
#include "daemon/settings.h"
#include "daemon/spool_part.h"
#include "daemon/validation_part.h"
#include "inbound/bounce_watch.h"
#include "inbound/session_watch.h"
#include "ledger/log.h"
#include "ledger/stream.h"
#include "metrics/event_counter.h"
#include "metrics/metrics.h"

#include <boost/asio/signal_set.hpp>

#include <array>
#include <csignal>
#include <unistd.h>

namespace hermetic::daemon {
namespace {

constexpr std::size_t kMainIndex = 255;

std::int64_t unix_seconds(WallTime time)
{
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

class Node::Impl {
public:
    Impl(cli::ServeArguments arguments, NodeFile file);
    ~Impl();
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    [[nodiscard]] Result<void, std::string> start();
    void run();

private:
    using Signals = boost::asio::basic_signal_set<net::Executor>;

    net::Task<> stop();
    net::Task<> stop_on_signal();
    [[nodiscard]] admin::Api make_api();
    [[nodiscard]] admin::NodeStatus status();
    void update_gauges();

    const cli::ServeArguments arguments_;
    const NodeFile file_;          // of the start
    config::NodeOptions options_;  // in force: the reload part replaces them
    const WallTime started_wall_;
    const Instant started_;
    metrics::Metrics metrics_;
    metrics::EventCounter counter_;
    std::unique_ptr<ledger::Log> log_;
    inbound::SessionWatch session_watch_;
    inbound::BounceWatch bounce_watch_;
    admin::RecentOutcomes outcomes_;
    ledger::Stream events_;
    net::Core main_;
    net::TaskGroup tasks_;
    Signals stop_signals_;

    ObjectsPart objects_;
    SecretsPart secrets_;
    AcmePart acme_;
    ObservationsPart observations_;
    Cores cores_;
    SpoolPart spool_;
    ResolverPart resolver_;
    ServicesPart services_;
    QueuePart queue_;
    Listeners listeners_;
    ValidationPart validation_;
    ReloadPart reload_;
    ControlPart control_;
    ReadyPart ready_;
    // The order of start; a stop is its reverse.
    PartList parts_{{&objects_, &secrets_, &acme_, &observations_, &cores_, &spool_, &resolver_,
                     &services_, &queue_, &listeners_, &validation_, &reload_, &control_, &ready_}};
};

Node::Impl::Impl(cli::ServeArguments arguments, NodeFile file)
    : arguments_{std::move(arguments)},
      file_{std::move(file)},
      options_{file_.options},
      started_wall_{system_clock().wall()},
      started_{system_clock().now()},
      counter_{metrics_},
      log_{ledger::make_log(make_log_settings(options_.log), system_clock())},
      events_{system_clock(),
              {{"counter", counter_},
               {"session-watch", session_watch_},
               {"bounce-watch", bounce_watch_},
               {"outcomes", outcomes_},
               {"log", *log_, ledger::Pace::Slow}}},
      main_{kMainIndex, system_clock()},
      tasks_{main_},
      stop_signals_{main_.executor(), SIGTERM, SIGINT},
      objects_{main_, events_, options_,
               [this](const objects::Snapshot& snapshot, ObjectsPart::Cause cause) {
                   const bool reload = cause == ObjectsPart::Cause::Reload;
                   return secrets_.read(snapshot, reload ? SystemCas::Read : SystemCas::Keep);
               },
               [this](const objects::Snapshot& before) { parts_.on_objects(before); }},
      secrets_{main_, events_, metrics_, options_, objects_, file_.document, arguments_.config},
      acme_{main_, events_, metrics_, options_},
      observations_{events_, options_},
      cores_{main_, options_},
      spool_{main_, events_, metrics_, options_, objects_},
      resolver_{main_, events_, options_},
      services_{{events_, metrics_, options_, objects_, secrets_, observations_, bounce_watch_,
                 session_watch_, cores_, spool_, resolver_}},
      queue_{main_, metrics_, objects_, services_, cores_, spool_},
      listeners_{main_, events_, options_, cores_, services_, arguments_.config},
      validation_{{main_, events_, options_, objects_, observations_, bounce_watch_, session_watch_,
                   resolver_, services_}},
      reload_{{main_, events_, *log_, metrics_, parts_, objects_, secrets_, options_,
               arguments_.config}},
      control_{main_, options_, [this] { return make_api(); }, [this] { update_gauges(); }},
      ready_{events_, listeners_, control_, arguments_.ready_file}
{
}

Node::Impl::~Impl()
{
    if (!parts_.any_started()) return;
    tasks_.spawn(stop());
    main_.run();
}

Result<void, std::string> Node::Impl::start()
{
    metrics_.set_version(HERMETIC_VERSION);
    metrics_.set(metrics::Metric::Started, unix_seconds(started_wall_));
    events_.publish(events::ServerStarted{HERMETIC_VERSION, options_.hostname, ::getpid()});
    report_warnings(events_, file_.warnings);
    auto started = parts_.start();
    if (!started) {
        events_.publish(events::ServerCannotStart{started.error()});
        tasks_.spawn(stop());
        main_.run();
    }
    return started;
}

void Node::Impl::run()
{
    parts_.begin();
    tasks_.spawn(stop_on_signal());
    main_.run();
}

net::Task<> Node::Impl::stop_on_signal()
{
    auto [error, signal] = co_await stop_signals_.async_wait(net::kAwait);
    if (error) co_return;
    co_await stop();
}

net::Task<> Node::Impl::stop()
{
    ready_.tell_stopping();
    // The ports are main's, and answer until it is cancelled.
    co_await listeners_.end_sessions();
    main_.cancel_all();
    co_await parts_.stop();
    events_.publish(events::ServerStopped{});
    events_.flush();
    main_.stop();
}

admin::Api Node::Impl::make_api()
{
    return {main_,
            spool_.dispatcher(),
            metrics_,
            [this] { return status(); },
            objects_.directory(),
            validation_.validator(),
            observations_.observations(),
            events_,
            [this] { return objects_.snapshot(); },
            [this](auto done) { list_remembered(cores_, std::move(done)); },
            [this](const std::string& host, auto done) {
                forget_remembered(cores_, host, std::move(done));
            },
            [this] { return list_certificates(secrets_, acme_.keeper(), options_, listeners_); },
            [this](const std::string& name) { return acme_.keeper().renew_now(name); },
            outcomes_};
}

void Node::Impl::update_gauges()
{
    events_.settle();
    parts_.update_gauges();
    metrics_.set(metrics::Metric::ObjectsRevision,
                 static_cast<std::int64_t>(objects_.snapshot()->revision()));
    using metrics::Metric;
    constexpr std::array kLost{Metric::LogLostFull, Metric::LogLostClosed, Metric::LogLostUnread,
                               Metric::LogLostFailed};
    static_assert(kLost.size() == ledger::kLossCauses);
    const ledger::Losses losses = log_->losses();
    for (std::size_t i = 0; i < kLost.size(); ++i)
        metrics_.set(kLost[i], static_cast<std::int64_t>(losses[i]));
}

admin::NodeStatus Node::Impl::status()
{
    admin::NodeStatus status;
    status.hostname = options_.hostname;
    status.version = HERMETIC_VERSION;
    status.pid = ::getpid();
    status.started = started_wall_;
    status.uptime = main_.clock().now() - started_;
    for (const auto& each : listeners_.bound()) {
        const bool lmtp = each.listener->options.role == config::ListenerRole::Lmtp;
        status.listeners.push_back(
            {each.listener->options.name, lmtp ? "lmtp" : "relay", each.address});
    }
    status.sessions = services_.admission().sessions();
    const queue::Totals totals = spool_.dispatcher().totals();
    status.queue = {totals.messages, totals.held, totals.under_way, totals.destinations};
    status.spool = spool_.spool().status();
    status.resolver = {std::string{dns::name(resolver_.validation().state)},
                       dns::describe(resolver_.validation())};
    status.configuration = {arguments_.config, options_.organization_file, reload_.loaded_at(),
                            reload_.error(), reload_.needs_restart()};
    for (const acme::Keeper::State& each : acme_.keeper().states()) {
        if (each.failures != 0)
            status.failed_orders.push_back({each.name, each.failures, each.error, each.next});
    }
    const auto& snapshot = *objects_.snapshot();
    status.objects = {snapshot.revision(), snapshot.contents().organizations.size()};
    return status;
}

Node::Node(cli::ServeArguments arguments, NodeFile file)
    : impl_{std::make_unique<Impl>(std::move(arguments), std::move(file))}
{
}

Node::~Node() = default;

Result<void, std::string> Node::start()
{
    return impl_->start();
}

void Node::run()
{
    impl_->run();
}

}  // namespace hermetic::daemon
