// What each core runs: its inbound sessions and its deliveries, and what these are told of options,
// objects and secrets.
#pragma once

#include "config/node_options.h"
#include "core/ip.h"
#include "daemon/subsystem.h"
#include "inbound/admission.h"
#include "inbound/message_memory.h"
#include "outbound/host_memory.h"
#include "outbound/settings.h"

#include <memory>
#include <vector>

namespace hermetic::events {
class Publisher;
}
namespace hermetic::inbound {
class BounceWatch;
class SessionWatch;
}  // namespace hermetic::inbound
namespace hermetic::metrics {
class Metrics;
}

namespace hermetic::daemon {

class Cores;
class ObjectsPart;
class ObservationsPart;
class ResolverPart;
class SecretsPart;
class SpoolPart;

class ServicesPart final : public Subsystem {
public:
    // All of it outlives this.
    struct Uses {
        events::Publisher& events;
        metrics::Metrics& metrics;
        const config::NodeOptions& options;
        ObjectsPart& objects;
        SecretsPart& secrets;
        ObservationsPart& observations;
        inbound::BounceWatch& bounces;
        inbound::SessionWatch& sessions;
        Cores& cores;
        SpoolPart& spool;
        ResolverPart& resolver;
    };
    explicit ServicesPart(Uses uses);

    [[nodiscard]] Result<void, std::string> start() override;
    [[nodiscard]] Result<void, std::string> reload() override;
    // Before the queue hears of them: what it grants by the new objects is delivered by them.
    void on_objects(const objects::Snapshot& before) override;
    void update_gauges() override;
    // Sessions and deliveries have ended by then.
    [[nodiscard]] net::Task<> stop() override;

    // Where this server listens: a route must not lead to itself.
    void set_listening(std::vector<Endpoint> own);
    [[nodiscard]] const outbound::SettingsPointer& settings() const { return settings_; }
    [[nodiscard]] inbound::Admission& admission() { return admission_; }
    // By the objects in force.
    [[nodiscard]] inbound::Rates rates_for(const IpAddress& client) const;
    [[nodiscard]] const inbound::Admission& admission() const { return admission_; }

private:
    void make_settings();

    Uses uses_;
    inbound::Admission admission_;
    inbound::MessageMemory message_memory_;
    std::vector<Endpoint> own_;
    outbound::SettingsPointer settings_;
    std::shared_ptr<outbound::HostMemory> hosts_ = std::make_shared<outbound::HostMemory>();
};

}  // namespace hermetic::daemon
