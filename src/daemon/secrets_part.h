// The node's certificates, CAs, CRLs and passwords: loaded, watched, and their end seen coming.
#pragma once

#include "config/node_options.h"
#include "daemon/certificates.h"
#include "daemon/client_trust.h"
#include "daemon/subsystem.h"
#include "net/core.h"
#include "net/task_group.h"
#include "outbound/credentials.h"
#include "tls/context.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::ledger {
class Log;
}
namespace hermetic::metrics {
class Metrics;
}

namespace hermetic::daemon {

class ObjectsPart;

class SecretsPart final : public Subsystem {
public:
    // All of it outlives this.
    SecretsPart(net::Core& main, ledger::Log& log, metrics::Metrics& metrics,
                const config::NodeOptions& options, const ObjectsPart& objects);

    [[nodiscard]] Result<void, std::string> start() override;
    void begin() override;
    [[nodiscard]] Result<void, std::string> prepare(const ReloadPlan& plan) override;
    [[nodiscard]] Result<void, std::string> reload() override;
    void on_objects(const objects::Snapshot& before) override;
    void add_files(std::vector<std::string>& files) const override;
    void update_gauges() override;
    [[nodiscard]] net::Task<> stop() override;

    // By the listener's name.
    [[nodiscard]] const ListenerContexts& contexts() const { return contexts_; }
    [[nodiscard]] const std::shared_ptr<const tls::CaSet>& cas() const { return cas_; }
    [[nodiscard]] const std::shared_ptr<const outbound::Credentials>& credentials() const
    {
        return credentials_;
    }
    [[nodiscard]] const inbound::ClientTrustPointer& client_trust() const
    {
        return client_trust_.trust;
    }

private:
    void load_cas();
    // What the objects name in files; says what cannot be used.
    void load_credentials();
    // CAs and CRLs for client certificates (daemon/client_trust.h).
    void load_trust();
    // All that are in use, or only those that end soon.
    enum class Which : std::uint8_t { All, Expiring };
    void log_certificates(Which which);
    net::Task<> watch_expiry();

    net::Core& main_;
    ledger::Log& log_;
    metrics::Metrics& metrics_;
    const config::NodeOptions& options_;
    const ObjectsPart& objects_;
    ListenerContexts contexts_;
    std::optional<ListenerContexts> prepared_;
    std::shared_ptr<const tls::CaSet> cas_;
    std::shared_ptr<const outbound::Credentials> credentials_;
    LoadedClientTrust client_trust_;
    net::TaskGroup tasks_;
};

}  // namespace hermetic::daemon
