// GET /v1/status: how the server is.
#pragma once

#include "admin/http.h"
#include "core/ip.h"
#include "core/time.h"
#include "spool/spool.h"

#include <cstdint>
#include <string>
#include <vector>

namespace hermetic::admin {

struct NodeStatus {
    std::string hostname;
    std::string version;
    int pid = 0;
    WallTime started{};
    Duration uptime{};
    struct Listener {
        std::string name;
        std::string role;
        Endpoint address;
    };
    std::vector<Listener> listeners;
    std::uint64_t sessions = 0;
    struct Queue {
        std::uint64_t messages = 0;
        std::uint64_t held = 0;
        std::uint64_t active = 0;
        std::uint64_t destinations = 0;
    };
    Queue queue;
    spool::SpoolStatus spool;
    struct Resolver {
        std::string validation;  // "works": DANE can work here
        std::string words;
    };
    Resolver resolver;
    struct Configuration {
        std::string file;
        std::string organization_file;  // empty: the directory is the source of truth
        WallTime loaded_at{};
        std::string last_error;                  // of a newer file that is not in force
        std::vector<std::string> needs_restart;  // keys whose new values wait for one
    };
    Configuration configuration;
    struct Objects {
        std::uint64_t revision = 0;
        std::uint64_t organizations = 0;  // 0: no mail is accepted
    };
    Objects objects;
    // Certificates by ACME of which orders fail.
    struct FailedOrder {
        std::string certificate;
        std::uint32_t failures = 0;
        std::string error;  // of the last one
        WallTime next{};    // tried again, at the earliest
    };
    std::vector<FailedOrder> failed_orders;
};

[[nodiscard]] Response show_status(const NodeStatus& status);

}  // namespace hermetic::admin
