#include "admin/status_resource.h"

#include "core/assert.h"
#include "core/text.h"

#include <boost/json.hpp>

namespace hermetic::admin {
namespace {

std::string_view name(spool::Pressure pressure)
{
    switch (pressure) {
    case spool::Pressure::None:
        return "none";
    case spool::Pressure::DiskFull:
        return "disk-full";
    case spool::Pressure::DiskFailing:
        return "disk-failing";
    case spool::Pressure::QueueFull:
        return "queue-full";
    }
    unreachable("every Pressure is named above");
}

}  // namespace

Response show_status(const NodeStatus& status)
{
    namespace json = boost::json;
    json::array listeners;
    for (const NodeStatus::Listener& each : status.listeners) {
        listeners.push_back(
            {{"name", each.name}, {"role", each.role}, {"address", each.address.format()}});
    }
    json::array failed_orders;
    for (const NodeStatus::FailedOrder& each : status.failed_orders) {
        failed_orders.push_back({{"certificate", each.certificate},
                                 {"failures", each.failures},
                                 {"error", printable(each.error, 1000)},
                                 {"next", format_rfc3339(each.next)}});
    }
    const auto& waiting = status.configuration.needs_restart;
    const json::array needs_restart(waiting.begin(), waiting.end());
    const json::object body{
        {"hostname", status.hostname},
        {"version", status.version},
        {"pid", status.pid},
        {"started", format_rfc3339(status.started)},
        {"uptime_s", std::chrono::duration_cast<std::chrono::seconds>(status.uptime).count()},
        {"listeners", listeners},
        {"sessions", status.sessions},
        {"queue",
         {{"messages", status.queue.messages},
          {"held", status.queue.held},
          {"active", status.queue.active},
          {"destinations", status.queue.destinations}}},
        {"spool",
         {{"pressure", name(status.spool.pressure)},
          {"words", status.spool.words},
          {"messages", status.spool.messages},
          {"free_bytes", status.spool.free_bytes},
          {"commits", status.spool.commits},
          {"committed_messages", status.spool.committed_messages}}},
        {"resolver",
         {{"validation", status.resolver.validation}, {"words", status.resolver.words}}},
        {"configuration",
         {{"file", status.configuration.file},
          {"organization_file", status.configuration.organization_file},
          {"loaded_at", format_rfc3339(status.configuration.loaded_at)},
          {"last_error", status.configuration.last_error},
          {"needs_restart", needs_restart}}},
        {"objects",
         {{"revision", status.objects.revision},
          {"organizations", status.objects.organizations},
          {"managed_by", status.configuration.organization_file.empty()
                             ? "directory"
                             : "file " + status.configuration.organization_file}}},
        {"acme_failed", failed_orders}};
    return {200, "application/json", json::serialize(body)};
}

}  // namespace hermetic::admin
