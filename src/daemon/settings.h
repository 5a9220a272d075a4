// From the node's options to what each subsystem wants to be told. Nothing else.
#pragma once

#include "config/node_options.h"
#include "dispatch/dispatcher.h"
#include "events/publisher.h"
#include "ledger/log.h"
#include "metrics/metrics.h"
#include "objects/objects.h"
#include "outbound/settings.h"
#include "spool/rocksdb_spool.h"
#include "tls/context.h"

#include <memory>
#include <string>
#include <vector>

namespace hermetic::daemon {

[[nodiscard]] ledger::LogSettings make_log_settings(const config::LogOptions& options);
[[nodiscard]] std::string spool_directory_of(const config::NodeOptions& options);
// Reports of the spool are published, and some counted; both outlive it.
[[nodiscard]] spool::SpoolSettings make_spool_settings(const config::NodeOptions& options,
                                                       events::Publisher& events,
                                                       metrics::Metrics& metrics);
// A destination that failed as a whole backs off as long as the organization's messages wait.
[[nodiscard]] dispatch::DispatcherSettings make_dispatcher_settings(
    const config::NodeOptions& options, const objects::Organization& organization);
[[nodiscard]] outbound::SettingsPointer make_delivery_settings(
    const config::NodeOptions& options, const std::vector<Endpoint>& listening,
    std::shared_ptr<const tls::CaSet> cas,
    std::shared_ptr<const outbound::Credentials> credentials);

}  // namespace hermetic::daemon
