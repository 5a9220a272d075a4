// What the deliveries of all cores remember of hosts, listed and forgotten.
#pragma once

#include "outbound/remembered_hosts.h"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace hermetic::daemon {

class Cores;

// Both are called on main's thread, and call back once, on one of the cores; not while they stop.
void list_remembered(Cores& cores, std::function<void(std::vector<outbound::RememberedHost>)> done);
// Of `host`, or where it is empty of all.
void forget_remembered(Cores& cores, const std::string& host,
                       std::function<void(std::size_t)> done);

}  // namespace hermetic::daemon
