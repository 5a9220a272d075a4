// The routes of the control API, and what they ask. docs/reference/api.md describes them.
#pragma once

#include "admin/http.h"
#include "admin/node_certificate.h"
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
namespace hermetic::events {
class Publisher;
}
namespace hermetic::validation {
class Validator;
}

namespace hermetic::admin {

class RecentOutcomes;

// Outlives the server.
struct Api {
    net::Core& core;
    dispatch::Dispatcher& dispatcher;
    metrics::Metrics& metrics;
    std::function<NodeStatus()> status;
    directory::DirectoryThread& objects;
    validation::Validator& validator;
    observations::Observations& observations;
    events::Publisher& events;
    std::function<objects::SnapshotPointer()> snapshot;
    // Both call back once, from any thread. Without a host: all.
    std::function<void(std::function<void(std::vector<outbound::RememberedHost>)>)>
        remembered_hosts;
    std::function<void(const std::string& host, std::function<void(std::size_t)>)> forget_hosts;
    std::function<std::vector<NodeCertificate>()> certificates;
    // By ACME, now; false: none of that name is ordered so.
    std::function<bool(const std::string& name)> renew_certificate;
    const RecentOutcomes& outcomes;
};

// The whole of it: for the server's user and group.
[[nodiscard]] net::Task<Response> answer(Api& api, Request request);

// What changes nothing, tests nothing and holds no message's text: for monitoring.
[[nodiscard]] net::Task<Response> answer_read_only(Api& api, Request request);

// GET /metrics alone.
[[nodiscard]] net::Task<Response> answer_metrics(Api& api, Request request);

}  // namespace hermetic::admin
