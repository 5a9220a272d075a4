// A test message to the server itself, as a client on this machine.
#pragma once

#include "core/ip.h"
#include "core/time.h"
#include "net/task.h"
#include "setup/findings.h"

#include <string>

namespace hermetic::net {
class Core;
}

namespace hermetic::setup {

struct TestMail {
    Endpoint server;
    std::string hostname;
    std::string from;  // mailboxes
    std::string to;
};

// Ends by `deadline`. What the server said is in the finding.
[[nodiscard]] net::Task<Finding> send_test_mail(net::Core& core, TestMail mail, Instant deadline);

// Where a client of this machine finds a listener: a wildcard's loopback address.
[[nodiscard]] Endpoint reach_listener(const Endpoint& listening);

}  // namespace hermetic::setup
