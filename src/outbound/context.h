// What all deliveries of one core share: its adapters, its settings, its pool and its memories.
//
// Not thread-safe: the core's.
#pragma once

#include "core/time.h"
#include "objects/snapshot.h"
#include "outbound/host_memory.h"
#include "outbound/identity.h"
#include "outbound/pool.h"
#include "outbound/settings.h"
#include "policy/ladder.h"
#include "policy/tls_policy.h"
#include "tls/context.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace hermetic::spool {
class Spool;
}
namespace hermetic::dns {
class Resolver;
}
namespace hermetic::events {
class Publisher;
}
namespace hermetic::metrics {
class Metrics;
}
namespace hermetic::observations {
class Observations;
}
namespace hermetic::net {
class Connecting;
class Core;
class Stream;
}  // namespace hermetic::net

namespace hermetic::outbound {

// Outlive the service.
struct Adapters {
    net::Core& core;
    spool::Spool* spool;  // null: probes have none
    dns::Resolver& resolver;
    events::Publisher& events;
    metrics::Metrics& metrics;
    observations::Observations* observations = nullptr;  // null: nothing is observed
    // Of all cores; null: the context has its own.
    std::shared_ptr<HostMemory> hosts{};
};

class Context {
public:
    Context(Adapters its_adapters, SettingsPointer its_settings,
            objects::SnapshotPointer its_snapshot, Pool::Goodbye goodbye);

    // Absolute time of something that may take `duration`; never beyond the end of a stop.
    [[nodiscard]] Instant within(Duration duration) const;
    [[nodiscard]] Instant now() const;
    [[nodiscard]] bool stopping() const { return stop_at_ != Instant::max(); }
    // From now on nothing lasts beyond `at`: streams in use and to come. Connects under way end at
    // once: nothing is lost with them.
    void stop_by(Instant at);

    // Contexts are made once per step and client certificate (null: none), and kept. Null: the
    // configuration does not allow one.
    [[nodiscard]] std::shared_ptr<const tls::ClientContext> tls_context_for(
        const policy::StepPlan& plan, const std::shared_ptr<const tls::Certificate>& certificate);
    // For `connector`'s mail (null: none decided the route) of `organization`, under `decision`.
    [[nodiscard]] Identity identity_for(const policy::TlsDecision& decision,
                                        std::string_view organization,
                                        const objects::OutboundConnector* connector) const;
    void replace_settings(SettingsPointer its_settings);

    // A stream that is in use, so that stop_by() reaches it.
    void watch(net::Stream& stream) { in_use_.insert(&stream); }
    void unwatch(net::Stream& stream) { in_use_.erase(&stream); }
    void watch(net::Connecting& connecting) { connecting_.insert(&connecting); }
    void unwatch(net::Connecting& connecting) { connecting_.erase(&connecting); }
    // A token to be held as long as a connection to `endpoint` lives, and how many there are.
    [[nodiscard]] std::shared_ptr<void> count_in(const std::string& endpoint);
    [[nodiscard]] std::uint32_t live_connections(const std::string& endpoint) const;

    // Memory to convert a message of so many octets, until the token is gone; null: not now.
    [[nodiscard]] std::shared_ptr<void> room_to_convert(std::uint64_t octets);

    Adapters adapters;
    SettingsPointer settings;
    objects::SnapshotPointer snapshot;
    Pool pool;
    StepMemory step_memory;
    DeadHosts dead;
    std::shared_ptr<HostMemory> hosts;  // of all cores
    tls::SessionCachePointer sessions;

private:
    struct KeptContext {
        policy::StepPlan plan;
        std::shared_ptr<const tls::Certificate> certificate;
        std::shared_ptr<const tls::ClientContext> context;
    };

    Instant stop_at_ = Instant::max();
    std::vector<KeptContext> contexts_;
    std::unordered_set<net::Stream*> in_use_;
    std::unordered_set<net::Connecting*> connecting_;
    std::shared_ptr<std::uint64_t> converting_ = std::make_shared<std::uint64_t>(0);
    // Shared with the tokens, which may outlive the context by a coroutine's end.
    std::shared_ptr<std::unordered_map<std::string, std::uint32_t>> live_;
};

}  // namespace hermetic::outbound
