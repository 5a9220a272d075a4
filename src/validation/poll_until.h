// Waiting for something that others put somewhere: polled until a deadline.
#pragma once

#include "core/time.h"
#include "net/task.h"

#include <cstdint>
#include <functional>

namespace hermetic::net {
class Core;
}

namespace hermetic::validation {

enum class Polled : std::uint8_t { Found, Late, Cancelled };

// Until is_done() is true or `deadline`. Calls tell() at first and every 20 seconds: a client that
// hears nothing gives up. Both outlive the await.
[[nodiscard]] net::Task<Polled> poll_until(net::Core& core, Instant deadline,
                                           const std::function<bool()>& is_done,
                                           const std::function<void()>& tell);

}  // namespace hermetic::validation
