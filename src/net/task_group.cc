#include "net/task_group.h"

#include "net/core.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <exception>

namespace hermetic::net {

namespace asio = boost::asio;

struct TaskGroup::State {
    State(Core& its_core, OnEscaped its_callback)
        : core{its_core}, on_escaped{std::move(its_callback)}, empty{its_core.executor()}
    {
        empty.expires_at(std::chrono::steady_clock::time_point::max());
    }

    void report(std::string_view what)
    {
        ++escaped;
        if (on_escaped) on_escaped(what);
    }

    Core& core;
    OnEscaped on_escaped;
    // Never expires: cancelled when the last task ends, which wakes all who wait.
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, Executor>
        empty;
    std::size_t running = 0;
    std::uint64_t escaped = 0;
    bool closed = false;
};

TaskGroup::TaskGroup(Core& core, OnEscaped on_escaped)
    : state_{std::make_shared<State>(core, std::move(on_escaped))}
{
}

TaskGroup::~TaskGroup()
{
    state_->closed = true;
    state_->on_escaped = {};  // its owner is gone
}

Task<> TaskGroup::guard(std::shared_ptr<State> state, Task<> task)
{
    // co_spawn() would run it within spawn() up to its first wait.
    co_await asio::post(state->core.executor(), kAwait);
    try {
        co_await std::move(task);
    } catch (const std::exception& escaped) {
        state->report(escaped.what());
    } catch (...) {
        state->report("an exception of no known type");
    }
    if (--state->running == 0) state->empty.cancel();
}

TaskGroup::Spawned TaskGroup::spawn(Task<> task)
{
    if (state_->closed) return Spawned::Closed;
    ++state_->running;
    asio::co_spawn(state_->core.executor(), guard(state_, std::move(task)), asio::detached);
    return Spawned::Yes;
}

void TaskGroup::close()
{
    state_->closed = true;
}

Task<> TaskGroup::join()
{
    const std::shared_ptr<State> state = state_;
    while (state->running != 0) co_await state->empty.async_wait(kAwait);
}

std::size_t TaskGroup::size() const
{
    return state_->running;
}

std::uint64_t TaskGroup::escaped() const
{
    return state_->escaped;
}

}  // namespace hermetic::net
