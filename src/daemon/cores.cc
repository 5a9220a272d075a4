#include "daemon/cores.h"

#include "net/event.h"

#include <algorithm>
#include <thread>

namespace hermetic::daemon {

Result<void, std::string> Cores::start()
{
    const unsigned cpus = std::max(1U, std::thread::hardware_concurrency());
    const std::size_t count = options_.cores == 0 ? cpus : options_.cores;
    for (std::size_t i = 0; i < count; ++i)
        workers_.push_back(std::make_unique<Worker>(i, main_.clock()));
    for (const auto& worker : workers_) worker->start();
    return {};
}

net::Task<> Cores::run_on_all(std::function<net::Task<>(Worker&)> task)
{
    net::Event all_ended{main_};
    std::size_t left = workers_.size();
    if (left == 0) co_return;
    for (const auto& worker : workers_) {
        Worker* const home = worker.get();
        home->run([home, task] { return task(*home); },
                  [this, &left, &all_ended] {
                      main_.post([&left, &all_ended] {
                          if (--left == 0) all_ended.set();
                      });
                  });
    }
    co_await all_ended.wait();
}

net::Task<> Cores::stop()
{
    for (const auto& worker : workers_) worker->stop();
    workers_.clear();
    co_return;
}

}  // namespace hermetic::daemon
