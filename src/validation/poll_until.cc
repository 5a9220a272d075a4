#include "validation/poll_until.h"

#include "net/core.h"

#include <algorithm>

namespace hermetic::validation {

net::Task<Polled> poll_until(net::Core& core, Instant deadline,
                             const std::function<bool()>& is_done,
                             const std::function<void()>& tell)
{
    constexpr Duration kCheckInterval = std::chrono::milliseconds{250};
    constexpr Duration kTell = std::chrono::seconds{20};
    Instant tell_next = core.clock().now();
    while (!is_done()) {
        const Instant now = core.clock().now();
        if (now >= deadline) co_return Polled::Late;
        if (now >= tell_next) {
            tell();
            tell_next = now + kTell;
        }
        const Instant next = std::min(now + kCheckInterval, deadline);
        if (co_await net::sleep_until(core, next) == net::Woken::Cancelled)
            co_return Polled::Cancelled;
    }
    co_return Polled::Found;
}

}  // namespace hermetic::validation
