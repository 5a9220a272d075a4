// The node's parts, and the steps of its life; node.cc starts and stops, node_reload.cc reloads,
// node_objects.cc has the objects.
//
// Private to the node's own files.
#pragma once

#include "acme/keeper.h"
#include "admin/api.h"
#include "admin/server.h"
#include "core/time.h"
#include "daemon/certificates.h"
#include "daemon/client_trust.h"
#include "daemon/file_watch.h"
#include "daemon/listeners.h"
#include "daemon/node.h"
#include "daemon/reload_plan.h"
#include "daemon/worker.h"
#include "directory/directory_thread.h"
#include "dispatch/dispatcher.h"
#include "dns/resolver.h"
#include "dns/self_check.h"
#include "inbound/admission.h"
#include "inbound/bounce_watch.h"
#include "inbound/session_watch.h"
#include "ledger/log.h"
#include "metrics/metrics.h"
#include "net/core.h"
#include "net/task_group.h"
#include "observations/keeper.h"
#include "outbound/credentials.h"
#include "spool/spool.h"
#include "validation/validator.h"

#include <boost/asio/signal_set.hpp>

#include <future>
#include <memory>
#include <string>
#include <vector>

namespace hermetic::daemon {

class ChangedPolicy;

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

    // The steps of start(), in their order.
    [[nodiscard]] Result<void, std::string> make_folder();
    [[nodiscard]] Result<void, std::string> open_directory();
    [[nodiscard]] Result<void, std::string> load_tls();
    void load_cas();
    [[nodiscard]] Result<void, std::string> open_spool();
    // Never fails the start: without its file they begin anew.
    [[nodiscard]] Result<void, std::string> open_observations();
    [[nodiscard]] Result<void, std::string> start_resolver();
    [[nodiscard]] Result<void, std::string> start_workers();
    [[nodiscard]] Result<void, std::string> start_dispatcher();
    [[nodiscard]] Result<void, std::string> open_listeners();
    [[nodiscard]] Result<void, std::string> start_admin();
    [[nodiscard]] Result<void, std::string> tell_ready();
    void start_log();
    // Their reverse. Each step finds what was never made.
    void stop();

    void take_contexts(ListenerContexts contexts);
    // What `snapshot` names in files; says what cannot be used.
    void load_credentials(const objects::Snapshot& snapshot);
    // CAs and CRLs for client certificates (daemon/client_trust.h).
    void load_trust(const objects::Snapshot& snapshot);
    void watch_all_files();
    // Mail that may have waited for a file.
    void retry_credentials();
    // Certificates by ACME, as the options have them now.
    void keep_by_acme();
    void log_certificates(bool all);
    void update_certificate_gauges();
    [[nodiscard]] outbound::SettingsPointer delivery_settings() const;
    void publish_delivery_settings();
    [[nodiscard]] admin::NodeStatus status() const;
    void update_gauges();

    net::Task<> watch_stop_signals();
    net::Task<> watch_hangups();
    net::Task<> reload_soon();
    net::Task<> watch_files();
    // Whether DNSSEC works here, and so DANE: until it does.
    net::Task<> test_resolver();
    net::Task<> watch_expiry();
    // A broken new configuration changes nothing and says so.
    void reload(const std::string& cause);
    [[nodiscard]] Result<void, std::string> try_reload();
    [[nodiscard]] Result<void, std::string> move_listeners(const ReloadPlan& plan);
    void reopen_missing();
    void publish_settings();
    // The objects of organization_file, or null where the directory governs.
    [[nodiscard]] Result<void, std::string> take_objects(const config::Node* document);
    void publish_objects(const objects::SnapshotPointer& snapshot);
    void retry_changed(std::shared_ptr<const ChangedPolicy> changed);
    net::Task<> retry_again(std::shared_ptr<const ChangedPolicy> changed);

    // Runs a task on each worker, and waits until all have ended.
    void on_all_workers(const std::function<net::Task<>(Worker&)>& task);

    cli::ServeArguments arguments_;
    config::NodeOptions options_;
    objects::SnapshotPointer snapshot_;  // in force; set by open_directory()
    WallTime started_wall_{};
    Instant started_{};
    WallTime loaded_at_{};
    std::string reload_error_;
    bool running_ = false;
    FileWatch watch_;
    ListenerContexts contexts_;
    std::shared_ptr<const tls::CaSet> cas_;
    std::shared_ptr<const outbound::Credentials> credentials_;
    LoadedClientTrust client_trust_;

    metrics::Metrics metrics_;
    std::unique_ptr<ledger::Log> log_;
    net::Core main_;
    net::TaskGroup tasks_;
    inbound::Admission admission_;
    inbound::MessageMemory message_memory_;
    Signals stop_signals_;
    Signals hangups_;
    bool reload_asked_ = false;  // a SIGHUP has come, its reload has not begun
    bool stopping_ = false;
    std::unique_ptr<directory::DirectoryThread> directory_;
    std::unique_ptr<dispatch::Dispatcher> dispatcher_;
    std::unique_ptr<spool::Spool> spool_;
    std::unique_ptr<dns::Resolver> resolver_;
    observations::Observations observations_;
    inbound::BounceWatch bounces_;
    inbound::SessionWatch sessions_;
    std::unique_ptr<observations::Keeper> observations_keeper_;
    dns::ValidationReport validation_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::unique_ptr<Listeners> listeners_;
    std::unique_ptr<acme::Keeper> keeper_;
    std::unique_ptr<validation::Validator> validator_;
    std::unique_ptr<admin::Api> api_;
    std::unique_ptr<admin::Server> admin_;
};

}  // namespace hermetic::daemon
