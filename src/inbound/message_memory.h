// MessageMemory: how many octets of arriving messages, and of their recipients, all sessions of the
// process keep in memory.
//
// Thread-safe: one atomic, touched once for each kStep octets of a message. A session that gets no
// more room writes what it has to its message's file; new messages are refused meanwhile.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hermetic::metrics {
class Metrics;
}

namespace hermetic::inbound {

class MessageMemory {
public:
    static constexpr std::size_t kStep = 16 * 1024;

    // What one message keeps; given back when it goes.
    class Share;

    MessageMemory(metrics::Metrics& metrics, std::uint64_t limit);
    void set_limit(std::uint64_t octets) { limit_.store(octets, std::memory_order_relaxed); }

    // Half of it is used: who waits for a slow client should let go of what it holds.
    [[nodiscard]] bool is_wanted() const
    {
        return used() > limit_.load(std::memory_order_relaxed) / 2;
    }
    // From the moment a share got no room until a quarter of the limit is free again.
    [[nodiscard]] bool is_short();
    [[nodiscard]] std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }

private:
    [[nodiscard]] bool take(std::uint64_t octets);
    void give_back(std::uint64_t octets);

    metrics::Metrics& metrics_;
    std::atomic<std::uint64_t> limit_;
    std::atomic<std::uint64_t> used_ = 0;
    std::atomic<bool> short_ = false;
};

class MessageMemory::Share {
public:
    explicit Share(MessageMemory& memory) : memory_{memory} {}
    ~Share() { clear(); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // Grows to `octets` at least; false: there is no room, and nothing has changed.
    [[nodiscard]] bool cover(std::size_t octets);
    void clear();

private:
    MessageMemory& memory_;
    std::size_t held_ = 0;
};

}  // namespace hermetic::inbound
