#include "daemon/reload_plan.h"

#include "daemon/node_file.h"
#include "objects/validate_node.h"

#include <algorithm>
#include <utility>

namespace hermetic::daemon {
namespace {

template <typename T>
void keep(const T& now, T& wanted, const char* key, std::vector<std::string>& needs_restart)
{
    if (now == wanted) return;
    needs_restart.emplace_back(key);
    wanted = now;
}

const config::ListenerOptions* find(const std::vector<config::ListenerOptions>& listeners,
                                    const std::string& name)
{
    const auto found = std::find_if(listeners.begin(), listeners.end(),
                                    [&](const auto& each) { return each.name == name; });
    return found == listeners.end() ? nullptr : &*found;
}

Result<directory::Compiled, config::Diagnostics> try_objects(directory::Directory& directory,
                                                             const std::string& file,
                                                             const directory::Check& check)
{
    const auto document = config::load_document(file);
    if (!document) return failure(config::Diagnostics{document.error()});
    auto made = directory.try_file(*document, file, check);
    if (made) return *std::move(made);
    const directory::Refusal& refusal = made.error();
    if (!refusal.diagnostics.empty()) return failure(refusal.diagnostics);
    return failure(config::Diagnostics{{file, 0, "", refusal.what, refusal.expected}});
}

// A change that comes between this check and the new options would else be judged by the old ones
// alone, stay in force against the new ones, and prevent the next start.
directory::Check check_for_both(const config::NodeOptions& now, const config::NodeOptions& wanted)
{
    return [now = check_for(now),
            wanted = check_for(wanted)](const objects::Snapshot::Contents& contents) {
        auto faults = now(contents);
        return faults.empty() ? wanted(contents) : faults;
    };
}

}  // namespace

ReloadPlan plan_reload(const config::NodeOptions& now, const config::NodeOptions& wanted)
{
    ReloadPlan plan;
    plan.options = wanted;
    auto& restart = plan.needs_restart;
    keep(now.hostname, plan.options.hostname, "hostname", restart);
    keep(now.data_directory, plan.options.data_directory, "data_directory", restart);
    keep(now.cores, plan.options.cores, "cores", restart);
    keep(now.resolver, plan.options.resolver, "resolver", restart);
    keep(now.spool, plan.options.spool, "spool", restart);
    keep(now.log, plan.options.log, "log", restart);
    keep(now.admin, plan.options.admin, "admin", restart);
    keep(now.metrics, plan.options.metrics, "metrics", restart);

    for (const auto& each : now.listeners) {
        const auto* after = find(wanted.listeners, each.name);
        if (after == nullptr || after->addresses != each.addresses) {
            plan.listeners_to_close.push_back(each.name);
        }
    }
    for (const auto& each : wanted.listeners) {
        const auto* before = find(now.listeners, each.name);
        if (before == nullptr || before->addresses != each.addresses) {
            plan.listeners_to_open.push_back(each);
        }
    }
    return plan;
}

directory::Check check_for(const config::NodeOptions& options)
{
    return [options](const objects::Snapshot::Contents& contents) {
        return objects::validate_for_node(
            contents, options,
            options.organization_file.empty() ? "objects" : options.organization_file);
    };
}

Result<ReloadPlan, config::Diagnostics> read_reload(const std::string& file,
                                                    const InForce& in_force,
                                                    directory::Directory& directory, WallTime now,
                                                    std::vector<std::string>& files)
{
    auto node = load_node_file(file);
    if (!node) return failure(std::move(node.error()));
    ReloadPlan plan = plan_reload(in_force.options, node->options);
    plan.warnings = std::move(node->warnings);
    files = certificate_files(plan.options);
    config::Diagnostics faults;
    auto contexts = load_listener_contexts(plan.options, node->document, file, now,
                                           MadeFiles::Write, in_force.contexts);
    if (contexts) {
        plan.contexts = *std::move(contexts);
    } else {
        faults = std::move(contexts.error());
    }
    const auto add = [&faults](config::Diagnostics more) {
        faults.insert(faults.end(), more.begin(), more.end());
    };
    const directory::Check check = check_for(plan.options);
    const std::string& organization_file = plan.options.organization_file;
    if (organization_file.empty()) {
        add(check(directory.snapshot()->contents()));
    } else {
        files.push_back(organization_file);
        auto objects = try_objects(directory, organization_file, check);
        if (objects) {
            plan.objects = *std::move(objects);
        } else {
            add(std::move(objects.error()));
        }
    }
    if (!faults.empty()) return failure(std::move(faults));
    directory.check_by(check_for_both(in_force.options, plan.options));
    return plan;
}

}  // namespace hermetic::daemon
