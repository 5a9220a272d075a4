#include "inbound/message_memory.h"

#include "metrics/metrics.h"

#include <utility>

namespace hermetic::inbound {

MessageMemory::MessageMemory(metrics::Metrics& metrics, std::uint64_t limit)
    : metrics_{metrics}, limit_{limit}
{
}

bool MessageMemory::is_short()
{
    if (!short_.load(std::memory_order_relaxed)) return false;
    const std::uint64_t limit = limit_.load(std::memory_order_relaxed);
    if (used() > limit - limit / 4) return true;
    short_.store(false, std::memory_order_relaxed);
    return false;
}

bool MessageMemory::take(std::uint64_t octets)
{
    const std::uint64_t before = used_.fetch_add(octets, std::memory_order_relaxed);
    if (before + octets > limit_.load(std::memory_order_relaxed)) {
        used_.fetch_sub(octets, std::memory_order_relaxed);
        short_.store(true, std::memory_order_relaxed);
        return false;
    }
    metrics_.add(metrics::Metric::MessageMemory, static_cast<std::int64_t>(octets));
    return true;
}

void MessageMemory::give_back(std::uint64_t octets)
{
    used_.fetch_sub(octets, std::memory_order_relaxed);
    metrics_.add(metrics::Metric::MessageMemory, -static_cast<std::int64_t>(octets));
}

bool MessageMemory::Share::cover(std::size_t octets)
{
    if (octets <= held_) return true;
    const std::size_t more = (octets - held_ + kStep - 1) / kStep * kStep;
    if (!memory_.take(more)) return false;
    held_ += more;
    return true;
}

void MessageMemory::Share::clear()
{
    if (held_ != 0) memory_.give_back(std::exchange(held_, 0));
}

}  // namespace hermetic::inbound
