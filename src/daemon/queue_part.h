// The queue at work: which mail goes out when, and what a change means for the mail that waits.
#pragma once

#include "daemon/subsystem.h"
#include "net/core.h"
#include "outbound/route_policy.h"

namespace hermetic::daemon {

class Cores;
class ObjectsPart;
class ServicesPart;
class SpoolPart;

class QueuePart final : public Subsystem {
public:
    // All of it outlives this.
    QueuePart(net::Core& main, const ObjectsPart& objects, const ServicesPart& services,
              Cores& cores, SpoolPart& spool);

    [[nodiscard]] Result<void, std::string> start() override;
    [[nodiscard]] Result<void, std::string> reload() override;
    void on_objects(const objects::Snapshot& before) override;
    // Deliveries end, or are cut short, while the queue still hears of them.
    [[nodiscard]] net::Task<> stop() override;

private:
    [[nodiscard]] outbound::PolicySources sources() const;
    // Which mail may fare otherwise by what is in force now than by what it was told last.
    void tell_dispatcher();

    net::Core& main_;
    const ObjectsPart& objects_;
    const ServicesPart& services_;
    Cores& cores_;
    SpoolPart& spool_;
    outbound::PolicySources told_;
};

}  // namespace hermetic::daemon
