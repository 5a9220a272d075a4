// A core with its thread and the services that live on it.
#pragma once

#include "core/time.h"
#include "delivery/service.h"
#include "inbound/service.h"
#include "net/core.h"
#include "net/task_group.h"

#include <functional>
#include <memory>
#include <thread>

namespace hermetic::daemon {

class Worker {
public:
    Worker(std::size_t index, const Clock& clock);
    ~Worker();  // after stop()
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    [[nodiscard]] net::Core& core() { return core_; }
    [[nodiscard]] inbound::Service& inbound() { return *inbound_; }
    [[nodiscard]] delivery::DeliveryService& delivery() { return *delivery_; }

    // Once: the services are made on main's thread, then belong to the core's.
    void set_services(std::unique_ptr<inbound::Service> inbound,
                      std::unique_ptr<delivery::DeliveryService> delivery);
    void start();

    // Runs `task` on the core, and there calls `ended` behind it. Any thread.
    void run(std::function<net::Task<>()> task, std::function<void()> ended);

    // Ends the loop and joins the thread; the services have been stopped.
    void stop();

private:
    net::Core core_;
    net::TaskGroup tasks_;
    std::unique_ptr<delivery::DeliveryService> delivery_;
    std::unique_ptr<inbound::Service> inbound_;
    std::thread thread_;
};

}  // namespace hermetic::daemon
