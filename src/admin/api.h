// The routes of the control API, and what they ask. docs/reference/api.md describes them.
#pragma once

#include "admin/http.h"
#include "admin/status_resource.h"
#include "net/task.h"
#include "objects/snapshot.h"
#include "outbound/remembered_hosts.h"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace hermetic::dispatch {
class Dispatcher;
}
namespace hermetic::directory {
class DirectoryThread;
}
namespace hermetic::metrics {
class Metrics;
}
namespace hermetic::net {
class Core;
}
namespace hermetic::observations {
class Observations;
}
namespace hermetic::ledger {
class Log;
}
namespace hermetic::validation {
class Validator;
}

namespace hermetic::admin {

// Outlives the server.
struct Api {
    net::Core& core;
    dispatch::Dispatcher& dispatcher;
    metrics::Metrics& metrics;
    std::function<NodeStatus()> status;
    directory::DirectoryThread& objects;
    validation::Validator& validator;
    observations::Observations& observations;
    ledger::Log& log;
    std::function<objects::SnapshotPointer()> snapshot;
    // Both call back once, from any thread. Without a host: all.
    std::function<void(std::function<void(std::vector<outbound::RememberedHost>)>)>
        remembered_hosts;
    std::function<void(const std::string& host, std::function<void(std::size_t)>)> forget_hosts;
};

[[nodiscard]] net::Task<Response> answer(Api& api, Request request);

}  // namespace hermetic::admin
