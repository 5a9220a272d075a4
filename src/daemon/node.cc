#include "daemon/node.h"

#include "daemon/acme_part.h"
#include "daemon/control_part.h"
#include "daemon/cores.h"
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
#include "ledger/log.h"
#include "metrics/metrics.h"

#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <unistd.h>

namespace hermetic::daemon {
namespace {

using ledger::Level;

constexpr std::size_t kMainIndex = 255;

}  // namespace

class Node::Impl {
public:
    Impl(cli::ServeArguments arguments, config::NodeOptions options);
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
    [[nodiscard]] admin::NodeStatus status() const;

    const cli::ServeArguments arguments_;
    config::NodeOptions options_;  // in force: the reload part replaces them
    const WallTime started_wall_;
    const Instant started_;
    metrics::Metrics metrics_;
    std::unique_ptr<ledger::Log> log_;
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

Node::Impl::Impl(cli::ServeArguments arguments, config::NodeOptions options)
    : arguments_{std::move(arguments)},
      options_{std::move(options)},
      started_wall_{system_clock().wall()},
      started_{system_clock().now()},
      log_{ledger::make_log(make_log_settings(options_.log), system_clock())},
      main_{kMainIndex, system_clock()},
      tasks_{main_},
      stop_signals_{main_.executor(), SIGTERM, SIGINT},
      objects_{main_, *log_, options_,
               [this](const objects::Snapshot& before) { parts_.on_objects(before); }},
      secrets_{main_, *log_, metrics_, options_, objects_},
      acme_{main_, *log_, metrics_, options_},
      observations_{*log_, options_},
      cores_{main_, options_},
      spool_{main_, *log_, metrics_, options_, objects_},
      resolver_{main_, *log_, options_},
      services_{{*log_, metrics_, options_, objects_, secrets_, observations_, cores_, spool_,
                 resolver_}},
      queue_{main_, objects_, services_, cores_, spool_},
      listeners_{main_, *log_, metrics_, options_, cores_, services_},
      validation_{{main_, *log_, options_, objects_, observations_, resolver_, services_}},
      reload_{{main_, *log_, metrics_, parts_, options_, arguments_.config}},
      control_{main_, options_.admin.socket, [this] { return make_api(); },
               [this] { parts_.update_gauges(); }},
      ready_{*log_, listeners_, arguments_.ready_file, options_.admin.socket}
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
    log_->event(Level::Info, "server.started",
                {{"version", HERMETIC_VERSION},
                 {"hostname", options_.hostname},
                 {"pid", std::to_string(::getpid())}});
    auto started = parts_.start();
    if (!started) {
        log_->event(Level::Error, "server.cannot-start", {{"what", started.error()}});
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
    log_->event(Level::Info, "server.stopped", {});
    log_->flush();
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
            *log_,
            [this] { return objects_.snapshot(); },
            [this](auto done) { list_remembered(cores_, std::move(done)); },
            [this](const std::string& host, auto done) {
                forget_remembered(cores_, host, std::move(done));
            }};
}

admin::NodeStatus Node::Impl::status() const
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
                            reload_.error()};
    const auto& snapshot = *objects_.snapshot();
    status.objects = {snapshot.revision(), snapshot.contents().organizations.size()};
    return status;
}

Node::Node(cli::ServeArguments arguments, config::NodeOptions options)
    : impl_{std::make_unique<Impl>(std::move(arguments), std::move(options))}
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
