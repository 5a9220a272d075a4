// From the node's options to what each subsystem wants to be told. Nothing else.
#pragma once

#include "config/node_options.h"
#include "dispatch/dispatcher.h"
#include "dns/resolver.h"
#include "ledger/log.h"
#include "objects/objects.h"
#include "outbound/settings.h"
#include "spool/rocksdb_spool.h"
#include "tls/context.h"

#include <memory>
#include <vector>

namespace hermetic::daemon {

[[nodiscard]] ledger::LogSettings make_log_settings(const config::LogOptions& options);
// Events of the spool go to `log`, which outlives it.
[[nodiscard]] spool::SpoolSettings make_spool_settings(const config::NodeOptions& options,
                                                       ledger::Log& log);
[[nodiscard]] dns::ResolverOptions make_resolver_options(
    const config::ResolverNodeOptions& options);
// A destination that failed as a whole rests as long as the organization's messages wait.
[[nodiscard]] dispatch::DispatcherSettings make_dispatcher_settings(
    const config::NodeOptions& options, const objects::Organization& organization);
[[nodiscard]] outbound::SettingsPointer make_delivery_settings(
    const config::NodeOptions& options, const std::vector<Endpoint>& listening,
    std::shared_ptr<const tls::CaSet> cas,
    std::shared_ptr<const outbound::Credentials> credentials);

}  // namespace hermetic::daemon
