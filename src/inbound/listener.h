// Listener: the settings of one listener as its sessions use them. Immutable, shared by all cores;
// a reload makes new ones, and sessions keep theirs.
#pragma once

#include "config/node_options.h"
#include "smtp/server_machine.h"

#include <memory>
#include <string>

namespace hermetic::inbound {

struct Listener {
    config::ListenerOptions options;
    smtp::ServerSettings smtp;
};

using ListenerPointer = std::shared_ptr<const Listener>;

[[nodiscard]] inline ListenerPointer make_listener(const config::ListenerOptions& options,
                                                   const std::string& hostname,
                                                   const config::LimitOptions& limits)
{
    const auto protocol = options.role == config::ListenerRole::Lmtp ? smtp::ServerProtocol::Lmtp
                                                                     : smtp::ServerProtocol::Smtp;
    return std::make_shared<const Listener>(Listener{options, {hostname, protocol, limits}});
}

}  // namespace hermetic::inbound
