#include "load/poller.h"

#include "load/process.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <unistd.h>

namespace hermetic::load {

Poller::Poller()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC))
{
    if (epoll_ < 0 || wake_ < 0) {
        throw std::system_error(errno, std::generic_category(), "epoll");
    }
    add(wake_, nullptr, EPOLLIN);
}

Poller::~Poller()
{
    close(epoll_);
    close(wake_);
}

void Poller::add(int descriptor, void* owner, std::uint32_t events)
{
    epoll_event event{};
    event.events = events;
    event.data.ptr = owner;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0) {
        throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
}

void Poller::change(int descriptor, void* owner, std::uint32_t events)
{
    epoll_event event{};
    event.events = events;
    event.data.ptr = owner;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &event);
}

std::span<epoll_event> Poller::wait(std::int64_t deadline)
{
    int timeout = -1;
    if (deadline >= 0) {
        constexpr std::int64_t kMillisecond = 1'000'000;
        const std::int64_t left = std::max<std::int64_t>(deadline - now_ns(), 0);
        timeout = static_cast<int>(
            std::min<std::int64_t>((left + kMillisecond - 1) / kMillisecond, 3'600'000));
    }
    const int count = epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), timeout);
    std::size_t kept = 0;
    for (int i = 0; i < count; ++i) {
        const epoll_event event = events_[static_cast<std::size_t>(i)];
        if (event.data.ptr == nullptr) {
            std::uint64_t ignored = 0;
            static_cast<void>(!read(wake_, &ignored, sizeof ignored));
            continue;
        }
        events_[kept++] = event;
    }
    return std::span(events_).first(kept);
}

void Poller::wake()
{
    const std::uint64_t one = 1;
    static_cast<void>(!write(wake_, &one, sizeof one));
}

}  // namespace hermetic::load
