// Asks all questions of a setup: DNS, the machine, mail servers.
//
// A coroutine of the core. Every question has its own deadline and all of them one; what is not
// answered by then is Failed or Silent. Where no resolver answers, no more is asked of it.
#pragma once

#include "dns/resolver.h"
#include "net/task.h"
#include "setup/facts.h"
#include "setup/surroundings.h"

#include <string>
#include <vector>

namespace hermetic::setup {

struct Questions {
    std::string hostname;
    std::uint16_t port = 25;
    std::vector<IpAddress> addresses;  // where the name has none
    std::vector<std::string> domains;
    std::string reach;  // a domain whose mail hosts are greeted; empty: none
    std::uint16_t outbound_port = 25;
    Duration each = std::chrono::seconds{8};
    Duration all = std::chrono::seconds{90};
};

// All of it outlives the task.
[[nodiscard]] net::Task<NetworkFacts> inspect(net::Core& core, dns::Resolver& resolver,
                                              Surroundings& surroundings,
                                              const Questions& questions);

}  // namespace hermetic::setup
