#include "daemon/node.h"

#include "daemon/node_impl.h"
#include "daemon/ready.h"
#include "daemon/settings.h"
#include "spool/rocksdb_spool.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <thread>
#include <unistd.h>

namespace hermetic::daemon {
namespace {

using ledger::Level;

constexpr std::size_t kMainIndex = 255;
constexpr Duration kGrace = std::chrono::seconds{10};  // for transactions, at a stop

}  // namespace

Node::Impl::Impl(cli::ServeArguments arguments, config::NodeOptions options)
    : arguments_{std::move(arguments)},
      options_{std::move(options)},
      main_{kMainIndex, system_clock()},
      tasks_{main_},
      admission_{options_.limits},
      message_memory_{metrics_, options_.limits.memory},
      stop_signals_{main_.executor(), SIGTERM, SIGINT},
      hangups_{main_.executor(), SIGHUP}
{
}

Node::Impl::~Impl()
{
    if (running_) stop();
}

// The order of start; stop() is its reverse.
Result<void, std::string> Node::Impl::start()
{
    started_wall_ = system_clock().wall();
    started_ = system_clock().now();
    start_log();
    running_ = true;
    keeper_ = std::make_unique<acme::Keeper>(main_, *log_);
    keep_by_acme();
    using Step = Result<void, std::string> (Impl::*)();
    for (const Step step :
         {&Impl::make_folder, &Impl::open_directory, &Impl::load_tls, &Impl::open_observations,
          &Impl::open_spool, &Impl::start_resolver, &Impl::start_workers, &Impl::start_dispatcher,
          &Impl::open_listeners, &Impl::start_admin, &Impl::tell_ready}) {
        if (auto done = (this->*step)(); !done) {
            log_->event(Level::Error, "server.cannot-start", {{"what", done.error()}});
            stop();
            return done;
        }
    }
    return {};
}

void Node::Impl::run()
{
    tasks_.spawn(watch_stop_signals());
    tasks_.spawn(watch_hangups());
    tasks_.spawn(watch_files());
    tasks_.spawn(test_resolver());
    tasks_.spawn(watch_expiry());
    tasks_.spawn(keeper_->run());
    main_.run();
    stop();
}

void Node::Impl::start_log()
{
    log_ = ledger::make_log(make_log_settings(options_.log), system_clock());
    log_->event(Level::Info, "server.started",
                {{"version", HERMETIC_VERSION},
                 {"hostname", options_.hostname},
                 {"pid", std::to_string(::getpid())}});
}

Result<void, std::string> Node::Impl::make_folder()
{
    std::error_code error;
    std::filesystem::create_directories(options_.data_directory, error);
    if (error)
        return failure("data_directory: " + options_.data_directory + ": " + error.message());
    return {};
}

Result<void, std::string> Node::Impl::load_tls()
{
    auto contexts = load_listener_contexts(options_, system_clock().wall());
    if (!contexts) return failure(contexts.error().what + "; right is " + contexts.error().right);
    load_cas();
    load_credentials(*snapshot_);
    load_trust(*snapshot_);
    take_contexts(std::move(*contexts));
    return {};
}

Result<void, std::string> Node::Impl::open_spool()
{
    dispatcher_ = std::make_unique<dispatch::Dispatcher>(
        make_dispatcher_settings(options_, snapshot_->organization()), system_clock(), metrics_,
        *log_);
    const auto settings = make_spool_settings(options_, *log_);
    auto spool = spool::make_rocksdb_spool(settings, *dispatcher_, system_clock());
    if (!spool) return failure(spool.error().words);
    spool_ = std::move(*spool);
    return {};
}

Result<void, std::string> Node::Impl::open_observations()
{
    auto keeper = observations::Keeper::open(
        options_.data_directory + "/observations.sqlite", observations_,
        [log = log_.get()](const std::string& what) {
            log->event(Level::Warning, "observations.not-kept", {{"what", what}});
        });
    if (keeper) {
        observations_keeper_ = *std::move(keeper);
    } else {
        log_->event(Level::Warning, "observations.not-kept", {{"what", keeper.error()}});
    }
    return {};
}

Result<void, std::string> Node::Impl::start_resolver()
{
    const config::ResolverNodeOptions& wanted = options_.resolver;
    auto resolver = dns::make_resolver(make_resolver_options(wanted));
    if (!resolver) return failure("resolver: " + resolver.error());
    resolver_ = std::move(*resolver);
    return {};
}

Result<void, std::string> Node::Impl::start_workers()
{
    const unsigned cpus = std::max(1U, std::thread::hardware_concurrency());
    const std::size_t count = options_.cores == 0 ? cpus : options_.cores;
    for (std::size_t i = 0; i < count; ++i) {
        auto worker = std::make_unique<Worker>(i, system_clock());
        const inbound::Environment environment{worker->core(), *spool_,    *log_,
                                               metrics_,       admission_, message_memory_,
                                               &observations_, &bounces_,  &sessions_};
        const outbound::Adapters adapters{worker->core(), *spool_,  *resolver_,
                                          *log_,          metrics_, &observations_};
        worker->set_services(std::make_unique<inbound::Service>(environment, snapshot_),
                             std::make_unique<delivery::DeliveryService>(
                                 adapters, *dispatcher_, delivery_settings(), snapshot_));
        worker->inbound().set_client_trust(client_trust_.trust);
        for (const auto& [name, context] : contexts_.by_listener) {
            worker->inbound().set_tls(name, context);
        }
        workers_.push_back(std::move(worker));
    }
    for (const auto& worker : workers_) worker->start();
    return {};
}

outbound::SettingsPointer Node::Impl::delivery_settings() const
{
    std::vector<Endpoint> own;
    if (listeners_) {
        for (const auto& each : listeners_->bound()) own.push_back(each.address);
    }
    return make_delivery_settings(options_, std::move(own), cas_, credentials_);
}

Result<void, std::string> Node::Impl::start_dispatcher()
{
    std::vector<dispatch::GrantTaker*> takers;
    for (const auto& worker : workers_) takers.push_back(&worker->delivery());
    dispatcher_->start(*spool_, std::move(takers), snapshot_);
    return {};
}

Result<void, std::string> Node::Impl::open_listeners()
{
    std::vector<Worker*> workers;
    for (const auto& worker : workers_) workers.push_back(worker.get());
    listeners_ =
        std::make_unique<Listeners>(main_, std::move(workers), admission_, *log_, metrics_);
    for (const config::ListenerOptions& each : options_.listeners) {
        auto opened =
            listeners_->open(inbound::make_listener(each, options_.hostname, options_.limits));
        if (!opened) return opened;
    }
    publish_delivery_settings();  // now the ports that the system chose are known
    return {};
}

void Node::Impl::publish_delivery_settings()
{
    const auto settings = delivery_settings();
    if (validator_) validator_->set(settings, snapshot_);
    for (const auto& worker : workers_) {
        delivery::DeliveryService& service = worker->delivery();
        worker->core().post([&service, settings] { service.set_settings(settings); });
    }
}

Result<void, std::string> Node::Impl::start_admin()
{
    validator_ = std::make_unique<validation::Validator>(
        main_, *resolver_, *log_,
        validation::Validator::Watches{observations_, bounces_, sessions_},
        options_.data_directory + "/validations");
    validator_->set(delivery_settings(), snapshot_);
    validator_->run_daily();
    api_ = std::make_unique<admin::Api>(
        admin::Api{main_, *dispatcher_, metrics_, [this] { return status(); }, *directory_,
                   *validator_, observations_, *log_, [this] { return snapshot_; }});
    admin_ = std::make_unique<admin::Server>(main_, [this](admin::Request request) {
        update_gauges();
        return admin::answer(*api_, std::move(request));
    });
    return admin_->listen(options_.admin.socket);
}

Result<void, std::string> Node::Impl::tell_ready()
{
    Ready ready;
    for (const auto& each : listeners_->bound()) {
        ready.listeners.push_back({each.listener->options.name, each.address});
    }
    ready.admin = options_.admin.socket;
    ready.pid = ::getpid();
    if (!arguments_.ready_file.empty() && !write_ready_file(arguments_.ready_file, ready)) {
        return failure(arguments_.ready_file + " cannot be written");
    }
    notify_service_manager("READY=1");
    loaded_at_ = system_clock().wall();
    return {};
}

admin::NodeStatus Node::Impl::status() const
{
    admin::NodeStatus status;
    status.hostname = options_.hostname;
    status.version = HERMETIC_VERSION;
    status.pid = ::getpid();
    status.started = started_wall_;
    status.uptime = system_clock().now() - started_;
    for (const auto& each : listeners_->bound()) {
        const bool lmtp = each.listener->options.role == config::ListenerRole::Lmtp;
        status.listeners.push_back(
            {each.listener->options.name, lmtp ? "lmtp" : "relay", each.address});
    }
    status.sessions = admission_.sessions();
    const queue::Totals totals = dispatcher_->totals();
    status.queue = {totals.messages, totals.held, totals.under_way, totals.destinations};
    status.spool = spool_->status();
    status.resolver = {std::string{dns::name(validation_.state)}, dns::describe(validation_)};
    status.configuration = {arguments_.config, options_.organization_file, loaded_at_,
                            reload_error_};
    status.objects = {snapshot_->revision(), snapshot_->contents().organizations.size()};
    return status;
}

void Node::Impl::update_gauges()
{
    update_certificate_gauges();
    const auto spool = spool_->status();
    metrics_.set(metrics::Metric::SpoolCommits, static_cast<std::int64_t>(spool.commits));
    metrics_.set(metrics::Metric::SessionsOpen, static_cast<std::int64_t>(admission_.sessions()));
}

// One reload is the answer to all SIGHUPs that came before it: a script that sends them without end
// must not keep the control API, or a stop, waiting for as many reloads.
net::Task<> Node::Impl::watch_hangups()
{
    for (;;) {
        auto [error, signal] = co_await hangups_.async_wait(net::kAwait);
        if (error) co_return;
        if (!std::exchange(reload_asked_, true)) tasks_.spawn(reload_soon());
    }
}

net::Task<> Node::Impl::reload_soon()
{
    constexpr Duration kGather = std::chrono::milliseconds{20};
    const Instant then = main_.clock().now() + kGather;
    if (co_await net::sleep_until(main_, then) == net::Woken::Cancelled || stopping_) co_return;
    reload_asked_ = false;
    log_->reopen();
    reload("SIGHUP");
}

net::Task<> Node::Impl::watch_stop_signals()
{
    auto [error, signal] = co_await stop_signals_.async_wait(net::kAwait);
    if (error) co_return;
    stopping_ = true;
    log_->event(Level::Info, "server.stopping", {});
    notify_service_manager("STOPPING=1");
    listeners_->close_all();
    co_await validator_->stop();
    co_await admin_->stop();
    main_.stop();
}

void Node::Impl::on_all_workers(const std::function<net::Task<>(Worker&)>& task)
{
    std::vector<std::future<void>> ended;
    for (const auto& worker : workers_) {
        Worker* const home = worker.get();
        ended.push_back(home->run([home, task] { return task(*home); }));
    }
    for (auto& each : ended) each.wait();
}

// The reverse of start. Each step finds what was never made.
void Node::Impl::stop()
{
    running_ = false;
    if (dispatcher_) dispatcher_->stop_granting();
    on_all_workers([](Worker& worker) { return worker.inbound().stop(kGrace); });
    if (spool_) {
        // Grants end, or are cut short, while the queue still hears of them.
        on_all_workers([](Worker& worker) {
            return worker.delivery().stop(worker.core().clock().now() + kGrace);
        });
        dispatcher_->stop();
        spool_->close();
    }
    if (resolver_) resolver_->close();
    if (directory_) directory_->stop();
    for (const auto& worker : workers_) worker->stop();
    admin_.reset();
    validator_.reset();
    listeners_.reset();
    workers_.clear();
    observations_keeper_.reset();
    log_->event(Level::Info, "server.stopped", {});
    log_->flush();
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
