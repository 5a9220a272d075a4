// Stream: the node's one stream of events, from its publishers to its subscribers.
//
// Thread-safe. Publishers append to a lane of their thread, whose lock nobody else wants for longer
// than a swap; a thread of the stream gathers what has come from all lanes, in the order of
// publication, some twenty times a second, and hands it on as one batch. Quick subscribers take it
// there and then; a slow one (a disk) has a thread and a bounded queue of its own, and delays
// nobody. What finds no room is counted, and said to all, as EventsLost, as soon as there is room
// again.
#pragma once

#include "events/publisher.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

namespace hermetic::ledger {

enum class Pace : std::uint8_t {
    Quick,  // counts or remembers; waits for nothing
    Slow,   // may wait for a disk
};

struct Subscription {
    std::string_view name;  // of its thread and of what it lost; lasts as long as the process
    events::Subscriber& subscriber;
    Pace pace = Pace::Quick;
};

struct StreamLimits {
    std::size_t lane = 20'000;    // events of a lane that the stream's thread has not gathered
    std::size_t queue = 100'000;  // events that a slow subscriber has not taken
    std::chrono::milliseconds gather{50};
};

class Stream final : public events::Publisher {
public:
    // Clock and subscribers outlive it.
    Stream(const Clock& clock, std::vector<Subscription> subscriptions, StreamLimits limits = {});
    // When all that was published has been taken.
    ~Stream() override;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    void publish(events::What what) override;
    void flush() override;
    // As flush(), for quick subscribers only: never waits for a disk.
    void settle();

private:
    struct Gathered;
    struct Follower;
    struct Lane;

    enum class Wanted : std::uint8_t { Quick, All };
    void wait_for(Wanted who);
    void hurry();
    void run();
    [[nodiscard]] std::shared_ptr<const Gathered> gather();
    void add_losses(Gathered& gathered);
    void hand_out(const std::shared_ptr<const Gathered>& gathered);
    void follow(Follower& follower);

    const Clock& clock_;
    const StreamLimits limits_;
    std::vector<Subscription> quick_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::atomic<std::uint64_t> next_sequence_;
    std::atomic<bool> pending_ = false;

    std::mutex mutex_;  // of all below
    std::condition_variable wake_;
    std::condition_variable taken_;
    std::vector<std::unique_ptr<Follower>> followers_;
    std::uint64_t quick_until_ = 0;  // sequence before which quick subscribers have all
    bool hurry_ = false;
    bool stopping_ = false;
    bool gathered_all_ = false;
    std::thread thread_;  // last: it uses all of the above
};

}  // namespace hermetic::ledger
