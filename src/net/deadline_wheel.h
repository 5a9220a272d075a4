// The deadlines of one core: one timer for all of them, a field write to extend one.
//
// A hashed wheel of 250 ms slots. A node stands in the slot of the deadline it had when it was put
// there; when the slot comes due and the deadline has moved on, the node moves too. So extending
// (every read does it) costs nothing. Not thread-safe: the core's.
#pragma once

#include "core/time.h"
#include "net/task.h"

#include <boost/asio/steady_timer.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace hermetic::net {

// Something that ends at its deadline and when the core stops. Neither call may destroy a Deadline;
// both cancel something whose waiter then goes on from the loop.
class Deadline {
public:
    Deadline() = default;
    virtual ~Deadline() = default;
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    virtual void on_expired() = 0;
    virtual void on_cancelled() = 0;
    [[nodiscard]] Instant deadline() const { return at_; }

private:
    friend class DeadlineWheel;
    Deadline* previous_ = nullptr;
    Deadline* next_ = nullptr;
    Instant at_ = Instant::max();
    std::uint64_t slot_ = 0;  // the tick at which it is looked at; 0: at none
};

class DeadlineWheel {
public:
    static constexpr Duration kTick = std::chrono::milliseconds{250};

    DeadlineWheel(boost::asio::io_context& loop, const Clock& clock);
    ~DeadlineWheel();
    DeadlineWheel(const DeadlineWheel&) = delete;
    DeadlineWheel& operator=(const DeadlineWheel&) = delete;

    // From add() to remove() the node is told of cancel_all(), at once where that has been called.
    void add(Deadline& node);
    void remove(Deadline& node);
    // Instant::max(): none.
    void set(Deadline& node, Instant at);

    // Ends everything on this core, now and from now on.
    void cancel_all();
    [[nodiscard]] bool is_cancelled() const { return cancelled_; }
    // Lets the loop go, which may then be destroyed; nodes may still leave.
    void detach();

    // Expires what is due; the timer's handler calls it.
    void tick(Instant now);
    [[nodiscard]] std::size_t watched() const { return watched_; }

private:
    // A circular list whose head is a node that is nobody's deadline.
    struct Head final : Deadline {
        void on_expired() override {}
        void on_cancelled() override {}
    };
    static constexpr std::size_t kSlots =
        512;  // 128 s; what is further off is looked at that often

    static void init(Head& head);
    static void link(Head& head, Deadline& node);
    static void unlink(Deadline& node);
    [[nodiscard]] std::uint64_t tick_of(Instant at) const;
    void place(Deadline& node);
    void arm();

    const Clock& clock_;
    Instant origin_;
    std::uint64_t current_ = 1;  // the last tick that was looked at
    std::size_t watched_ = 0;
    bool armed_ = false;
    bool cancelled_ = false;
    std::array<Head, kSlots> slots_;
    Head idle_;
    using Timer = boost::asio::basic_waitable_timer<
        std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;
    std::optional<Timer> timer_;
};

}  // namespace hermetic::net
