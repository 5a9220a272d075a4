// Which peers are taken for one: those of one network. A stranger has domains for nothing, and
// addresses of one network for little.
//
// Pure.
#pragma once

#include "core/ip.h"

#include <optional>

namespace hermetic::queue {

// The base of a network; nullopt: not known, or a peer on this machine or in a private network,
// which is no stranger: each destination there is on its own.
using Site = std::optional<IpAddress>;

// The /24 of an IPv4 address, the /48 of an IPv6 address.
[[nodiscard]] Site site_of(const IpAddress& peer);

}  // namespace hermetic::queue
