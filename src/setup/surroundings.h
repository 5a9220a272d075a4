// The outside world that setup inspects, beside DNS: this machine, mail servers, policies by
// HTTPS.
//
// An interface, so that tests put in what they like; machine.h is the real one. Each question ends
// by its deadline, with an answer that says that nothing is known.
#pragma once

#include "core/ip.h"
#include "core/time.h"
#include "net/task.h"
#include "setup/facts.h"

#include <string>
#include <vector>

namespace hermetic::net {
class Core;
}

namespace hermetic::setup {

class Surroundings {
public:
    virtual ~Surroundings() = default;
    [[nodiscard]] virtual std::vector<IpAddress> local_addresses() = 0;
    [[nodiscard]] virtual ClockState clock() = 0;
    // Connects and reads the greeting; says QUIT.
    [[nodiscard]] virtual net::Task<Greeting> greet(Endpoint endpoint, Instant deadline) = 0;
    [[nodiscard]] virtual net::Task<dns::ValidationReport> test_resolver(Instant deadline) = 0;
    [[nodiscard]] virtual net::Task<FetchedPolicy> fetch(std::string url, Instant deadline) = 0;
};

}  // namespace hermetic::setup
