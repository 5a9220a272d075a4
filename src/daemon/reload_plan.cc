#include "daemon/reload_plan.h"

#include <algorithm>

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

}  // namespace hermetic::daemon
