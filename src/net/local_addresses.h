// The addresses of this machine, and at which of them a listener can be reached.
//
// For the question whether a way leads back to ourselves (specification §2.2).
#pragma once

#include "core/ip.h"

#include <vector>

namespace hermetic::net {

// Of all interfaces now; they may change at any time. Empty where the system does not tell.
[[nodiscard]] std::vector<IpAddress> local_addresses();

// Pure. 0.0.0.0 and [::] become the addresses of their family in `local`, each with the port (our
// IPv6 sockets take IPv6 alone); other endpoints stay.
[[nodiscard]] std::vector<Endpoint> expand_wildcards(const std::vector<Endpoint>& listening,
                                                     const std::vector<IpAddress>& local);

}  // namespace hermetic::net
