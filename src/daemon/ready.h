// Telling others that the server accepts: the ready file and the service manager.
#pragma once

#include "core/ip.h"

#include <string>
#include <string_view>
#include <vector>

namespace hermetic::daemon {

struct ReadyListener {
    std::string name;
    Endpoint address;  // as bound: port 0 has become a real one
};

struct Ready {
    std::vector<ReadyListener> listeners;
    std::string admin;              // path of the control socket
    std::vector<Endpoint> metrics;  // as bound
    int pid = 0;
};

[[nodiscard]] std::string format_ready(const Ready& ready);

// Atomically, by rename. False where it cannot be written.
[[nodiscard]] bool write_ready_file(const std::string& path, const Ready& ready);

// sd_notify's protocol: one datagram to $NOTIFY_SOCKET ("READY=1", "STOPPING=1", "RELOADING=1").
// Does nothing where there is no service manager.
void notify_service_manager(std::string_view state);

}  // namespace hermetic::daemon
