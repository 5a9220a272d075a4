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

namespace hermetic::events {
class Publisher;
}
namespace hermetic::metrics {
class Metrics;
}

namespace hermetic::daemon {

class ObjectsPart;

// What objects name in files: CAs, CRLs, client certificates, passwords. Immutable.
struct Secrets {
    std::shared_ptr<const tls::CaSet> cas;  // the system's; null: they cannot be read
    std::shared_ptr<const outbound::Credentials> credentials;
    LoadedClientTrust client_trust;
};

enum class SystemCas : std::uint8_t { Keep, Read };

class SecretsPart final : public Subsystem {
public:
    // All of it outlives this; `document`, which `file` has, tells the lines of what is wrong.
    SecretsPart(net::Core& main, events::Publisher& events, metrics::Metrics& metrics,
                const config::NodeOptions& options, const ObjectsPart& objects,
                const config::Node& document, std::string file);

    [[nodiscard]] Result<void, std::string> start() override;
    void begin() override;
    [[nodiscard]] Result<void, std::string> prepare(const ReloadPlan& plan) override;
    [[nodiscard]] Result<void, std::string> reload() override;
    void add_files(std::vector<std::string>& files) const override;
    void update_gauges() override;
    [[nodiscard]] net::Task<> stop() override;

    // Reads the files of these objects, and says what cannot be used; what was in use stays where
    // its file cannot be read. Blocking, one thread at a time: the directory's. The result is
    // called on main's, before the objects are in force.
    [[nodiscard]] std::function<void()> read(const objects::Snapshot& snapshot, SystemCas which);

    // By the listener's name.
    [[nodiscard]] const ListenerContexts& contexts() const { return contexts_; }
    [[nodiscard]] const std::shared_ptr<const tls::CaSet>& cas() const { return secrets_->cas; }
    [[nodiscard]] const std::shared_ptr<const outbound::Credentials>& credentials() const
    {
        return secrets_->credentials;
    }
    [[nodiscard]] const inbound::ClientTrustPointer& client_trust() const
    {
        return secrets_->client_trust.trust;
    }

private:
    // All that are in use, or only those that end soon.
    enum class Which : std::uint8_t { All, Expiring };
    void report_certificates(Which which);
    net::Task<> watch_expiry();

    net::Core& main_;
    events::Publisher& events_;
    metrics::Metrics& metrics_;
    const config::NodeOptions& options_;
    const ObjectsPart& objects_;
    const config::Node& document_;
    const std::string file_;
    ListenerContexts contexts_;
    std::optional<ListenerContexts> prepared_;
    std::shared_ptr<const Secrets> secrets_;    // in use
    std::shared_ptr<const Secrets> last_read_;  // of the thread that reads
    net::TaskGroup tasks_;
};

}  // namespace hermetic::daemon
