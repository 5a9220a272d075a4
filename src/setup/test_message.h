// A test message to the server itself, as a client on this machine.
#pragma once

#include "core/ip.h"
#include "core/time.h"
#include "net/task.h"
#include "setup/findings.h"

#include <string>
#include <string_view>

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

struct SentMail {
    Finding finding;  // has what the server said
    std::string id;   // of the message that it took; empty: it took none, or named none
};

// Ends by `deadline`.
[[nodiscard]] net::Task<SentMail> send_test_mail(net::Core& core, TestMail mail, Instant deadline);

// Of "2.0.0 01J… accepted", the text of a reply; empty: there is none in it.
[[nodiscard]] std::string message_id_in(std::string_view reply);

// Where a client of this machine finds a listener: a wildcard's loopback address.
[[nodiscard]] Endpoint reach_listener(const Endpoint& listening);

}  // namespace hermetic::setup
