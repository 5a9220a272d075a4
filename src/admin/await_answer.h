// Waiting, on a core, for an answer that another thread gives by callback.
#pragma once

#include "core/time.h"
#include "net/core.h"
#include "net/task.h"

#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace hermetic::admin {

// nullopt where no answer came in time. `start` is called at once with the callback; the callback
// may come late, when nobody waits any more.
template <typename Answer>
net::Task<std::optional<Answer>> await_answer(
    net::Core& core, std::function<void(std::function<void(Answer)>)> start, Duration limit)
{
    using Timer =
        boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                          boost::asio::wait_traits<std::chrono::steady_clock>,
                                          net::Executor>;
    const auto timer = std::make_shared<Timer>(core.executor());
    const auto slot = std::make_shared<std::optional<Answer>>();
    timer->expires_after(limit);
    net::Core* const home = &core;
    start([home, timer, slot](Answer answer) {
        const auto carried = std::make_shared<Answer>(std::move(answer));
        home->post([timer, slot, carried] {
            *slot = std::move(*carried);
            timer->cancel();
        });
    });
    while (!*slot) {
        auto [error] = co_await timer->async_wait(net::kAwait);
        if (!error) break;  // the limit
    }
    co_return std::move(*slot);
}

}  // namespace hermetic::admin
