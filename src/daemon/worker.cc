#include "daemon/worker.h"

#include "core/thread_name.h"

#include <utility>

namespace hermetic::daemon {
namespace {

// Tells also where an exception ends the task.
class Tell {
public:
    explicit Tell(std::function<void()> ended) : ended_{std::move(ended)} {}
    ~Tell() { ended_(); }
    Tell(const Tell&) = delete;
    Tell& operator=(const Tell&) = delete;

private:
    std::function<void()> ended_;
};

net::Task<> run_and_tell(std::function<net::Task<>()> task, std::shared_ptr<Tell> tell)
{
    co_await task();
    tell.reset();
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

void Worker::run(std::function<net::Task<>()> task, std::function<void()> ended)
{
    const auto tell = std::make_shared<Tell>(std::move(ended));
    core_.post([this, tell, work = std::move(task)] { tasks_.spawn(run_and_tell(work, tell)); });
}

void Worker::stop()
{
    core_.stop();
    if (thread_.joinable()) thread_.join();
}

}  // namespace hermetic::daemon
