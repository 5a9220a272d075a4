// The control API's servers: the control socket, the one that only reads, and metrics on addresses.
// What it is asked, it asks of the parts that stand before it.
#pragma once

#include "admin/api.h"
#include "admin/server.h"
#include "config/node_options.h"
#include "daemon/subsystem.h"
#include "net/core.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace hermetic::daemon {

class ControlPart final : public Subsystem {
public:
    // Makes the API's view, from start() on. `update`: before each answer.
    using MakeApi = std::function<admin::Api()>;
    ControlPart(net::Core& main, const config::NodeOptions& options, MakeApi make_api,
                std::function<void()> update);

    [[nodiscard]] Result<void, std::string> start() override;
    [[nodiscard]] net::Task<> stop() override;

    [[nodiscard]] const std::string& socket() const { return sockets_.socket; }
    // Where metrics are answered.
    [[nodiscard]] std::vector<Endpoint> metrics_addresses() const;

private:
    using Answer = net::Task<admin::Response>(admin::Api&, admin::Request);
    admin::Server& make_server(Answer* answer);

    net::Core& main_;
    // As they were at the start: a place to listen at is not moved by a reload.
    const config::AdminOptions sockets_;
    const std::vector<Endpoint> addresses_;
    MakeApi make_api_;
    std::function<void()> update_;
    std::unique_ptr<admin::Api> api_;
    std::vector<std::unique_ptr<admin::Server>> servers_;  // those of addresses_ last
};

}  // namespace hermetic::daemon
