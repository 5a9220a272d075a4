#include "net/core.h"

#include "net/deadline_wheel.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <csignal>

namespace hermetic::net {

namespace asio = boost::asio;

namespace {

using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

// Watched only for the end of the core: the wheel's 250 ms are too coarse for its time.
struct Sleeper final : Deadline {
    Sleeper(DeadlineWheel& its_wheel, Timer& its_timer) : wheel{its_wheel}, timer{its_timer}
    {
        wheel.add(*this);
    }
    ~Sleeper() override { wheel.remove(*this); }
    void on_expired() override {}
    void on_cancelled() override
    {
        cancelled = true;
        timer.cancel();
    }
    DeadlineWheel& wheel;
    Timer& timer;
    bool cancelled = false;
};

}  // namespace

Core::Core(std::size_t index, const Clock& clock)
    : index_{index},
      clock_{clock},
      // One thread runs it, others post: hence the safe hint of one, not the unsafe one.
      loop_{std::make_unique<asio::io_context>(1)},
      wheel_{std::make_unique<DeadlineWheel>(*loop_, clock)},
      random_{random_seed()},
      ids_{random_seed(), static_cast<std::uint8_t>(index)}
{
}

Core::~Core()
{
    // Streams in abandoned coroutines leave the wheel when the loop destroys them.
    wheel_->detach();
    loop_.reset();
}

Executor Core::executor()
{
    return loop_->get_executor();
}

void Core::run()
{
    auto keep_running = asio::make_work_guard(*loop_);
    // Not run_one() in a loop: each call of it begins with empty caches of coroutine frames.
    loop_->run();
    keep_running.reset();
    loop_->restart();
    loop_->run_for(kGrace);
}

void Core::cancel_all()
{
    asio::post(*loop_, [this] { wheel_->cancel_all(); });
}

void Core::stop()
{
    asio::post(*loop_, [this] {
        wheel_->cancel_all();
        loop_->stop();
    });
}

void Core::post(std::function<void()> work)
{
    asio::post(*loop_, std::move(work));
}

void Core::post(std::vector<spool::Completion*> done)
{
    asio::post(*loop_, [done = std::move(done)] {
        for (spool::Completion* one : done) one->complete();
    });
}

Task<Woken> sleep_until(Core& core, Instant at)
{
    Timer timer{core.executor()};
    timer.expires_after(at - core.clock().now());
    const Sleeper sleeper{core.wheel(), timer};
    if (!sleeper.cancelled) co_await timer.async_wait(kAwait);
    co_return sleeper.cancelled ? Woken::Cancelled : Woken::OnTime;
}

void ignore_sigpipe()
{
    std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace hermetic::net
