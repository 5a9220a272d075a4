// The real surroundings: this machine's interfaces and clock, TCP, HTTPS by acme/'s transport.
//
// Lives on one core.
#pragma once

#include "acme/transport.h"
#include "dns/resolver.h"
#include "setup/surroundings.h"

namespace hermetic::setup {

class Machine final : public Surroundings {
public:
    // All of it outlives this; `options` are the resolver's.
    Machine(net::Core& core, dns::Resolver& resolver, const dns::ResolverOptions& options,
            acme::Transport& https)
        : core_{core}, resolver_{resolver}, options_{options}, https_{https}
    {
    }
    [[nodiscard]] std::vector<IpAddress> local_addresses() override;
    [[nodiscard]] ClockState clock() override;
    [[nodiscard]] net::Task<Greeting> greet(Endpoint endpoint, Instant deadline) override;
    [[nodiscard]] net::Task<dns::ValidationReport> test_resolver(Instant deadline) override;
    [[nodiscard]] net::Task<FetchedPolicy> fetch(std::string url, Instant deadline) override;

private:
    net::Core& core_;
    dns::Resolver& resolver_;
    const dns::ResolverOptions& options_;
    acme::Transport& https_;
};

}  // namespace hermetic::setup
