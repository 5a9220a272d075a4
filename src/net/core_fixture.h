// A core in a test's own thread: runs a coroutine to its end. For tests only.
#pragma once

#include "net/core.h"
#include "net/task_group.h"

#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace hermetic::net {

// A clock that is moved by hand, or the machine's plus an offset.
class ShiftedClock final : public Clock {
public:
    [[nodiscard]] Instant now() const override { return system_clock().now() + shift; }
    [[nodiscard]] WallTime wall() const override
    {
        return system_clock().wall() + std::chrono::duration_cast<WallTime::duration>(shift);
    }
    Duration shift{};
};

class CoreFixture {
public:
    // Runs the loop until `task` and all that it spawned have ended. Rethrows what escaped.
    void run(Task<> task)
    {
        std::exception_ptr escaped;
        bool ended = false;
        boost::asio::co_spawn(core.executor(), std::move(task), [&](std::exception_ptr thrown) {
            escaped = thrown;
            ended = true;
        });
        core.loop().restart();
        while (!ended) core.loop().run_one();
        if (escaped) std::rethrow_exception(escaped);
    }
    // Runs both at once.
    void run(Task<> first, Task<> second) { run(both(*this, std::move(first), std::move(second))); }

    [[nodiscard]] Instant in(Duration duration) const { return core.clock().now() + duration; }

    ShiftedClock clock;
    Core core{0, clock};

private:
    static Task<> both(CoreFixture& self, Task<> first, Task<> second)
    {
        std::string escaped;
        TaskGroup group{self.core, [&](std::string_view what) { escaped = what; }};
        group.spawn(std::move(first));
        group.spawn(std::move(second));
        group.close();
        co_await group.join();
        if (!escaped.empty()) throw std::runtime_error{escaped};
    }
};

}  // namespace hermetic::net
