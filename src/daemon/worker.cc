#include "daemon/worker.h"

#include "core/thread_name.h"

#include <utility>

namespace hermetic::daemon {
namespace {

net::Task<> run_and_tell(std::function<net::Task<>()> task,
                         std::shared_ptr<std::promise<void>> ended)
{
    co_await task();
    ended->set_value();
}

}  // namespace

Worker::Worker(std::size_t index, const Clock& clock) : core_{index, clock}, tasks_{core_}
{
}

Worker::~Worker() = default;

void Worker::set_services(std::unique_ptr<inbound::Service> inbound,
                          std::unique_ptr<delivery::DeliveryService> delivery)
{
    inbound_ = std::move(inbound);
    delivery_ = std::move(delivery);
}

void Worker::start()
{
    thread_ = std::thread{[this] {
        name_this_thread(("core-" + std::to_string(core_.index())).c_str());
        core_.run();
    }};
}

std::future<void> Worker::run(std::function<net::Task<>()> task)
{
    const auto ended = std::make_shared<std::promise<void>>();
    auto future = ended->get_future();
    core_.post([this, ended, work = std::move(task)] { tasks_.spawn(run_and_tell(work, ended)); });
    return future;
}

void Worker::stop()
{
    core_.stop();
    if (thread_.joinable()) thread_.join();
}

}  // namespace hermetic::daemon
