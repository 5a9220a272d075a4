// The control API: what it is asked, it asks of the parts that stand before it.
#pragma once

#include "admin/api.h"
#include "admin/server.h"
#include "daemon/subsystem.h"
#include "net/core.h"

#include <functional>
#include <memory>
#include <string>

namespace hermetic::daemon {

class ControlPart final : public Subsystem {
public:
    // Makes the API's view, from start() on. `update`: before each answer.
    using MakeApi = std::function<admin::Api()>;
    ControlPart(net::Core& main, std::string socket, MakeApi make_api,
                std::function<void()> update);

    [[nodiscard]] Result<void, std::string> start() override;
    [[nodiscard]] net::Task<> stop() override;

private:
    net::Core& main_;
    const std::string socket_;
    MakeApi make_api_;
    std::function<void()> update_;
    std::unique_ptr<admin::Api> api_;
    std::unique_ptr<admin::Server> server_;
};

}  // namespace hermetic::daemon
