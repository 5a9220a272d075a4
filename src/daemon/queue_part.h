// The queue at work: which mail goes out when, and what a change means for the mail that waits.
#pragma once

#include "daemon/subsystem.h"
#include "net/core.h"
#include "outbound/route_policy.h"

namespace hermetic::metrics {
class Metrics;
}

namespace hermetic::daemon {

class Cores;
class ObjectsPart;
class ServicesPart;
class SpoolPart;

class QueuePart final : public Subsystem {
public:
    // All of it outlives this.
    QueuePart(net::Core& main, metrics::Metrics& metrics, const ObjectsPart& objects,
              const ServicesPart& services, Cores& cores, SpoolPart& spool);

    [[nodiscard]] Result<void, std::string> start() override;
    [[nodiscard]] Result<void, std::string> reload() override;
    void on_objects(const objects::Snapshot& before) override;
    void update_gauges() override;
    // Deliveries end, or are cut short, while the queue still hears of them.
    [[nodiscard]] net::Task<> stop() override;

private:
    [[nodiscard]] outbound::PolicySources sources() const;
    // Which mail may fare otherwise by what is in force now than by what it was told last.
    void tell_dispatcher();
    void begin_connectors();

    net::Core& main_;
    metrics::Metrics& metrics_;
    const ObjectsPart& objects_;
    const ServicesPart& services_;
    Cores& cores_;
    SpoolPart& spool_;
    outbound::PolicySources told_;
};

}  // namespace hermetic::daemon
