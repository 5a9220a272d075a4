#include "validation/look_until.h"

#include "net/core.h"

#include <algorithm>

namespace hermetic::validation {

net::Task<Looked> look_until(net::Core& core, Instant deadline, const std::function<bool()>& look,
                             const std::function<void()>& tell)
{
    constexpr Duration kLook = std::chrono::milliseconds{250};
    constexpr Duration kTell = std::chrono::seconds{20};
    Instant tell_next = core.clock().now();
    while (!look()) {
        const Instant now = core.clock().now();
        if (now >= deadline) co_return Looked::Late;
        if (now >= tell_next) {
            tell();
            tell_next = now + kTell;
        }
        const Instant next = std::min(now + kLook, deadline);
        if (co_await net::sleep_until(core, next) == net::Woken::Cancelled)
            co_return Looked::Cancelled;
    }
    co_return Looked::Found;
}

}  // namespace hermetic::validation
