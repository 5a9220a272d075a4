// A one-time event that a coroutine waits for: what callbacks on the same core end.
#pragma once

#include "net/task.h"

#include <boost/asio/async_result.hpp>

#include <optional>

namespace hermetic::net {

class Core;

// Not thread-safe: the core's. Outlives its waiter; one waiter at a time. A waiter that is never
// woken stays: whoever makes an Event sees to it that it is set, also at the end.
class Event {
public:
    explicit Event(Core& core) : core_{core} {}
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

    // Wakes the waiter from the loop, not within this call. Further calls do nothing.
    void set();
    [[nodiscard]] bool is_set() const { return set_; }
    // Returns when it is set, at once if it is already.
    [[nodiscard]] Task<> wait();

private:
    using Resume =
        boost::asio::async_result<boost::asio::use_awaitable_t<Executor>, void()>::handler_type;
    Core& core_;
    bool set_ = false;
    std::optional<Resume> resume_;
};

}  // namespace hermetic::net
