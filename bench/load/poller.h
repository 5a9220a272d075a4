// epoll and an eventfd that wakes it. Level triggered: what is read of is asked for once, and a
// write only while the socket is full. One thread waits; wake() from any.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <span>

namespace hermetic::load {

class Poller {
public:
    Poller();  // throws std::system_error
    ~Poller();
    Poller(const Poller&) = delete;
    Poller& operator=(const Poller&) = delete;

    // owner comes back in epoll_event::data.ptr; never nullptr.
    void add(int descriptor, void* owner, std::uint32_t events);
    void change(int descriptor, void* owner, std::uint32_t events);

    // At most until `deadline` on the clock of now_ns(); < 0: for ever. Wake-ups are not among the
    // events.
    [[nodiscard]] std::span<epoll_event> wait(std::int64_t deadline);
    void wake();

private:
    int epoll_ = -1;
    int wake_ = -1;
    std::array<epoll_event, 512> events_{};
};

}  // namespace hermetic::load
