// The resolver, and its test: at the start, and again until it passes (specification §4.7).
#pragma once

#include "config/node_options.h"
#include "daemon/subsystem.h"
#include "dns/resolver.h"
#include "dns/self_check.h"
#include "net/core.h"
#include "net/task_group.h"

#include <memory>

namespace hermetic::events {
class Publisher;
}

namespace hermetic::daemon {

class ResolverPart final : public Subsystem {
public:
    // All of it outlives this.
    ResolverPart(net::Core& main, events::Publisher& events, const config::NodeOptions& options);

    [[nodiscard]] Result<void, std::string> start() override;
    void begin() override;
    [[nodiscard]] net::Task<> stop() override;

    // From start() on.
    [[nodiscard]] dns::Resolver& resolver() { return *resolver_; }
    // Of the last test.
    [[nodiscard]] const dns::ValidationReport& validation() const { return validation_; }

private:
    // Whether DNSSEC works here, and so DANE: until it does.
    net::Task<> test();

    net::Core& main_;
    events::Publisher& events_;
    const config::NodeOptions& options_;
    std::unique_ptr<dns::Resolver> resolver_;
    dns::ValidationReport validation_;
    net::TaskGroup tasks_;
};

}  // namespace hermetic::daemon
