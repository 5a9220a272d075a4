// The node's parts, and the steps of its life; node.cc starts and stops, node_reload.cc reloads,
// node_objects.cc has the objects.
//
// Private to the node's own files.
#pragma once

#include "admin/api.h"
#include "admin/server.h"
#include "core/time.h"
#include "daemon/certificates.h"
#include "daemon/file_watch.h"
#include "daemon/listeners.h"
#include "daemon/node.h"
#include "daemon/reload_plan.h"
#include "daemon/worker.h"
#include "delivery/dispatcher.h"
#include "directory/directory_thread.h"
#include "dns/resolver.h"
#include "inbound/admission.h"
#include "ledger/log.h"
#include "metrics/metrics.h"
#include "net/core.h"
#include "net/task_group.h"
#include "spool/spool.h"

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
    [[nodiscard]] delivery::SettingsPointer delivery_settings() const;
    void publish_delivery_settings();
    [[nodiscard]] admin::NodeStatus status() const;
    void update_gauges();

    net::Task<> watch_signals();
    net::Task<> watch_files();
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

    metrics::Metrics metrics_;
    std::unique_ptr<ledger::Log> log_;
    net::Core main_;
    net::TaskGroup tasks_;
    inbound::Admission admission_;
    inbound::MessageMemory message_memory_;
    Signals signals_;
    std::unique_ptr<directory::DirectoryThread> directory_;
    std::unique_ptr<delivery::Dispatcher> dispatcher_;
    std::unique_ptr<spool::Spool> spool_;
    std::unique_ptr<dns::Resolver> resolver_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::unique_ptr<Listeners> listeners_;
    std::unique_ptr<admin::Api> api_;
    std::unique_ptr<admin::Server> admin_;
};

}  // namespace hermetic::daemon
