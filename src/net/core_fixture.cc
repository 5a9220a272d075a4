#include "net/core_fixture.h"

#include "net/task_group.h"

#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

namespace hermetic::net {
namespace {

Task<> both(CoreFixture& fixture, Task<> first, Task<> second)
{
    std::string escaped;
    TaskGroup group{fixture.core, [&](std::string_view what) { escaped = what; }};
    group.spawn(std::move(first));
    group.spawn(std::move(second));
    group.close();
    co_await group.join();
    if (!escaped.empty()) throw std::runtime_error{escaped};
}

}  // namespace

Instant ShiftedClock::now() const
{
    return system_clock().now() + shift;
}

WallTime ShiftedClock::wall() const
{
    return system_clock().wall() + std::chrono::duration_cast<WallTime::duration>(shift);
}

CoreFixture::CoreFixture()
{
    ignore_sigpipe();  // as the server does: OpenSSL writes to sockets that a peer has closed
}

CoreFixture::~CoreFixture() = default;

void CoreFixture::run(Task<> task)
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

void CoreFixture::run(Task<> first, Task<> second)
{
    run(both(*this, std::move(first), std::move(second)));
}

void CoreFixture::turn()
{
    core.loop().restart();
    core.loop().run_one();
}

}  // namespace hermetic::net
