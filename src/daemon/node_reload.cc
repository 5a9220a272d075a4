#include "config/options.h"
#include "core/text.h"
#include "daemon/node_impl.h"
#include "daemon/ready.h"
#include "daemon/settings.h"
#include "objects/org_file.h"
#include "objects/validate_node.h"

#include <algorithm>

namespace hermetic::daemon {
namespace {

using ledger::Level;

constexpr Duration kLook = std::chrono::seconds{1};  // between looks at the files

std::string first_of(const config::Diagnostics& diagnostics)
{
    std::string text = config::format_diagnostic(diagnostics.front());
    if (diagnostics.size() > 1) {
        text += " (and " + std::to_string(diagnostics.size() - 1) + " more: hermetic check)";
    }
    return text;
}

}  // namespace

net::Task<> Node::Impl::watch_files()
{
    for (;;) {
        const Instant next = main_.clock().now() + kLook;
        if (co_await net::sleep_until(main_, next) == net::Woken::Cancelled) co_return;
        const auto changed = watch_.look();
        if (!changed.empty()) reload(changed.front());
    }
}

// A broken new configuration changes nothing and says so.
void Node::Impl::reload(const std::string& cause)
{
    notify_service_manager("RELOADING=1");
    const auto done = try_reload();
    notify_service_manager("READY=1");
    reload_error_ = done ? std::string{} : done.error();
    metrics_.add(done ? metrics::Metric::Reloads : metrics::Metric::ReloadsFailed);
    if (!done) {
        log_->event(Level::Error, "reload.failed", {{"cause", cause}, {"what", done.error()}});
        return;
    }
    loaded_at_ = system_clock().wall();
    log_->event(Level::Info, "reload.done", {{"cause", cause}});
}

Result<void, std::string> Node::Impl::try_reload()
{
    auto wanted = config::load_node_options(arguments_.config);
    if (!wanted) return failure(first_of(wanted.error()));
    std::optional<config::Node> document;
    if (!wanted->organization_file.empty()) {
        auto loaded = config::load_document(wanted->organization_file);
        if (!loaded) return failure(first_of({loaded.error()}));
        const auto read = objects::read_org_document(*loaded, wanted->organization_file);
        if (!read) return failure(first_of(read.error()));
        const auto faults = objects::validate_for_node(*read, *wanted, wanted->organization_file);
        if (!faults.empty()) return failure(first_of(faults));
        document = *std::move(loaded);
    }
    if (!document) {
        const auto faults = objects::validate_for_node(snapshot_->contents(), *wanted, "objects");
        if (!faults.empty()) return failure(first_of(faults));
    }
    ReloadPlan plan = plan_reload(options_, *wanted);
    auto contexts = load_listener_contexts(plan.options, system_clock().wall());
    if (!contexts) return failure(contexts.error().what + "; right is " + contexts.error().right);
    if (auto moved = move_listeners(plan); !moved) return moved;
    if (!plan.needs_restart.empty()) {
        log_->event(Level::Warning, "reload.needs-restart",
                    {{"keys", join(plan.needs_restart, ", ")}});
    }
    options_ = std::move(plan.options);
    load_cas();
    load_credentials(*snapshot_);
    load_trust(*snapshot_);
    take_contexts(std::move(*contexts));
    publish_settings();
    keep_by_acme();
    auto taken = take_objects(document ? &*document : nullptr);
    retry_credentials();
    return taken;
}

// New sockets first: one that cannot be had leaves everything as it is. A listener that moves
// opens under its own name only after its old sockets are closed.
Result<void, std::string> Node::Impl::move_listeners(const ReloadPlan& plan)
{
    std::vector<std::string> opened;
    for (const config::ListenerOptions& each : plan.listeners_to_open) {
        listeners_->close(each.name);
        auto open =
            listeners_->open(inbound::make_listener(each, options_.hostname, plan.options.limits));
        if (open) {
            opened.push_back(each.name);
            continue;
        }
        for (const std::string& name : opened) listeners_->close(name);
        reopen_missing();
        return open;
    }
    for (const std::string& name : plan.listeners_to_close) {
        if (std::find(opened.begin(), opened.end(), name) == opened.end()) listeners_->close(name);
    }
    return {};
}

// After a failed move: what the configuration in force has.
void Node::Impl::reopen_missing()
{
    for (const config::ListenerOptions& each : options_.listeners) {
        const auto bound = listeners_->bound();
        const bool there = std::any_of(bound.begin(), bound.end(), [&](const auto& open) {
            return open.listener->options.name == each.name;
        });
        if (there) continue;
        (void)listeners_->open(inbound::make_listener(each, options_.hostname, options_.limits));
    }
}

void Node::Impl::publish_settings()
{
    admission_.set_limits(options_.limits);
    message_memory_.set_limit(options_.limits.memory);
    for (const config::ListenerOptions& each : options_.listeners) {
        listeners_->replace(inbound::make_listener(each, options_.hostname, options_.limits));
    }
    for (const auto& worker : workers_) {
        Worker* const home = worker.get();
        home->core().post([home, contexts = contexts_.by_listener, trust = client_trust_.trust] {
            home->inbound().set_client_trust(trust);
            for (const auto& [name, context] : contexts) home->inbound().set_tls(name, context);
        });
    }
    publish_delivery_settings();
}

}  // namespace hermetic::daemon
