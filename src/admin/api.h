// The routes of the control API, and what they ask. docs/reference/api.md describes them.
#pragma once

#include "admin/http.h"
#include "admin/status_resource.h"
#include "net/task.h"
#include "objects/snapshot.h"

#include <functional>

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
};

[[nodiscard]] net::Task<Response> answer(Api& api, Request request);

}  // namespace hermetic::admin
