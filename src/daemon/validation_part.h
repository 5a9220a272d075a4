// The validations of connectors: on demand and daily.
#pragma once

#include "config/node_options.h"
#include "daemon/subsystem.h"
#include "net/core.h"
#include "validation/validator.h"

#include <memory>

namespace hermetic::events {
class Publisher;
}

namespace hermetic::inbound {
class BounceWatch;
class SessionWatch;
}  // namespace hermetic::inbound

namespace hermetic::daemon {

class ObjectsPart;
class ObservationsPart;
class ResolverPart;
class ServicesPart;

class ValidationPart final : public Subsystem {
public:
    // All of it outlives this.
    struct Uses {
        net::Core& main;
        events::Publisher& events;
        const config::NodeOptions& options;
        ObjectsPart& objects;
        ObservationsPart& observations;
        inbound::BounceWatch& bounces;
        inbound::SessionWatch& sessions;
        ResolverPart& resolver;
        ServicesPart& services;
    };
    explicit ValidationPart(Uses uses) : uses_{uses} {}

    [[nodiscard]] Result<void, std::string> start() override;
    void begin() override;
    [[nodiscard]] Result<void, std::string> reload() override;
    void on_objects(const objects::Snapshot& before) override;
    [[nodiscard]] net::Task<> stop() override;

    // From start() on.
    [[nodiscard]] validation::Validator& validator() { return *validator_; }

private:
    void set();

    Uses uses_;
    std::unique_ptr<validation::Validator> validator_;
};

}  // namespace hermetic::daemon
