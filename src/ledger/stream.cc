#include "ledger/stream.h"

#include "core/thread_name.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>

namespace hermetic::ledger {
namespace {

using events::Event;

constexpr std::size_t kLanes = 16;
// So many events of a lane do not wait for the others.
constexpr std::size_t kMuch = 4096;

// Threads are few and live long: cores, the queue's, main.
std::size_t lane_of_this_thread()
{
    static std::atomic<std::size_t> next = 0;
    thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed);
    return mine % kLanes;
}

// A million events in each millisecond since 1970: no restart begins where another one ended.
std::uint64_t first_sequence(WallTime now)
{
    return static_cast<std::uint64_t>(now.time_since_epoch().count()) << 20U;
}

bool is_earlier(const Event* a, const Event* b)
{
    return a->sequence < b->sequence;
}

}  // namespace

struct alignas(64) Stream::Lane {
    std::mutex mutex;
    std::vector<Event> events;
    std::uint64_t lost = 0;
};

// One batch: the events where their publishers put them, and their order.
struct Stream::Gathered {
    std::vector<std::vector<Event>> lanes;
    std::vector<const Event*> order;
    std::uint64_t until = 0;  // all events before this sequence are in it, or were in one before
};

struct Stream::Follower {
    explicit Follower(const Subscription& its_subscription) : subscription{its_subscription} {}

    struct Waiting {
        std::shared_ptr<const Gathered> batch;  // null: it is lost
        std::uint64_t until = 0;
    };

    Subscription subscription;
    std::condition_variable wake;
    std::deque<Waiting> queue;
    std::size_t events = 0;  // in the queue, and being taken
    std::uint64_t lost = 0;
    std::uint64_t until = 0;  // taken, or lost
    std::thread thread;
};

Stream::Stream(const Clock& clock, std::vector<Subscription> subscriptions, StreamLimits limits)
    : clock_{clock}, limits_{limits}, next_sequence_{first_sequence(clock.wall())}
{
    for (std::size_t i = 0; i < kLanes; ++i) lanes_.push_back(std::make_unique<Lane>());
    for (const Subscription& each : subscriptions) {
        if (each.pace == Pace::Quick) {
            quick_.push_back(each);
        } else {
            followers_.push_back(std::make_unique<Follower>(each));
        }
    }
    for (const auto& follower : followers_) {
        follower->thread = std::thread{[this, each = follower.get()] {
            name_this_thread(std::string{each->subscription.name}.c_str());
            follow(*each);
        }};
    }
    thread_ = std::thread{[this] {
        name_this_thread("events");
        run();
    }};
}

Stream::~Stream()
{
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
    for (const auto& follower : followers_) follower->thread.join();
    // What a slow one lost since it was last at rest.
    const auto rest = gather();
    if (rest->order.empty()) return;
    for (const Subscription& each : quick_) each.subscriber.take(rest->order);
    for (const auto& each : followers_) each->subscription.subscriber.take(rest->order);
}

void Stream::publish(events::What what)
{
    const WallTime now = clock_.wall();
    Lane& lane = *lanes_[lane_of_this_thread()];
    bool much = false;
    {
        const std::lock_guard lock{lane.mutex};
        if (lane.events.size() >= limits_.lane) {
            ++lane.lost;
        } else {
            const auto sequence = next_sequence_.fetch_add(1, std::memory_order_relaxed);
            lane.events.push_back(Event{now, sequence, std::move(what)});
            much = lane.events.size() == kMuch;
        }
    }
    // The stream's thread clears it before it looks at the lanes.
    const bool first = !pending_.load() && !pending_.exchange(true);
    if (much) {
        hurry();
    } else if (first) {
        {
            const std::lock_guard lock{mutex_};
        }
        wake_.notify_one();
    }
}

void Stream::hurry()
{
    {
        const std::lock_guard lock{mutex_};
        hurry_ = true;
    }
    wake_.notify_one();
}

void Stream::flush()
{
    wait_for(Wanted::All);
}

void Stream::settle()
{
    wait_for(Wanted::Quick);
}

void Stream::wait_for(Wanted who)
{
    const std::uint64_t wanted = next_sequence_.load();
    std::unique_lock lock{mutex_};
    hurry_ = true;
    wake_.notify_one();
    taken_.wait(lock, [&] {
        if (quick_until_ < wanted) return false;
        return who == Wanted::Quick || std::ranges::all_of(followers_, [&](const auto& each) {
                   return each->until >= wanted;
               });
    });
}

void Stream::run()
{
    for (;;) {
        bool last = false;
        {
            std::unique_lock lock{mutex_};
            const auto hurried = [this] { return stopping_ || hurry_; };
            wake_.wait(lock, [&] { return hurried() || pending_.load(); });
            wake_.wait_for(lock, limits_.gather, hurried);
            hurry_ = false;
            last = stopping_;
        }
        pending_ = false;
        const auto gathered = gather();
        if (!gathered->order.empty()) {
            for (const Subscription& each : quick_) each.subscriber.take(gathered->order);
        }
        hand_out(gathered);
        if (last) break;
    }
    const std::lock_guard lock{mutex_};
    gathered_all_ = true;
    for (const auto& follower : followers_) follower->wake.notify_one();
}

// All lanes at one moment: what was published because of an event is never in an earlier batch.
std::shared_ptr<const Stream::Gathered> Stream::gather()
{
    auto gathered = std::make_shared<Gathered>();
    gathered->lanes.resize(kLanes + 1);
    std::vector<std::unique_lock<std::mutex>> locks;
    locks.reserve(kLanes);
    for (const auto& lane : lanes_) locks.emplace_back(lane->mutex);
    for (std::size_t i = 0; i < kLanes; ++i) {
        const std::size_t count = lanes_[i]->events.size();
        gathered->lanes[i].swap(lanes_[i]->events);
        // As much again, most likely; memory is not kept for the lane of a thread at rest.
        lanes_[i]->events.reserve(std::min(count, kMuch));
    }
    add_losses(*gathered);
    gathered->until = next_sequence_.load();
    locks.clear();
    auto& order = gathered->order;
    for (const auto& lane : gathered->lanes) {
        const auto middle = static_cast<std::ptrdiff_t>(order.size());
        for (const Event& event : lane) order.push_back(&event);
        std::inplace_merge(order.begin(), order.begin() + middle, order.end(), is_earlier);
    }
    return gathered;
}

// With the lanes locked: what comes next comes behind it.
void Stream::add_losses(Gathered& gathered)
{
    const WallTime now = clock_.wall();
    const auto say = [&](std::string_view subscriber, std::uint64_t& lost) {
        if (lost == 0) return;
        gathered.lanes.back().push_back(
            Event{now, next_sequence_.fetch_add(1),
                  events::EventsLost{subscriber, std::exchange(lost, 0)}});
    };
    std::uint64_t lost = 0;
    for (const auto& lane : lanes_) lost += std::exchange(lane->lost, 0);
    say({}, lost);
    const std::lock_guard lock{mutex_};
    for (const auto& follower : followers_) {
        if (follower->events == 0) say(follower->subscription.name, follower->lost);
    }
}

void Stream::hand_out(const std::shared_ptr<const Gathered>& gathered)
{
    const std::lock_guard lock{mutex_};
    quick_until_ = gathered->until;
    const std::size_t count = gathered->order.size();
    for (const auto& follower : followers_) {
        if (follower->events != 0 && follower->events + count > limits_.queue) {
            follower->lost += count;
            if (follower->queue.empty()) follower->queue.push_back({});
            follower->queue.back().until = gathered->until;
        } else {
            follower->queue.push_back({gathered, gathered->until});
            follower->events += count;
        }
        follower->wake.notify_one();
    }
    taken_.notify_all();
}

void Stream::follow(Follower& follower)
{
    std::unique_lock lock{mutex_};
    for (;;) {
        follower.wake.wait(lock, [&] { return gathered_all_ || !follower.queue.empty(); });
        if (follower.queue.empty()) return;
        auto waiting = std::move(follower.queue.front());
        follower.queue.pop_front();
        const std::size_t count = waiting.batch ? waiting.batch->order.size() : 0;
        lock.unlock();
        if (count != 0) follower.subscription.subscriber.take(waiting.batch->order);
        waiting.batch.reset();
        lock.lock();
        follower.events -= count;
        follower.until = std::max(follower.until, waiting.until);
        taken_.notify_all();
        // What it has lost is said now that it works again, whether more comes or not.
        if (follower.events == 0 && follower.lost != 0) {
            pending_ = true;
            wake_.notify_one();
        }
    }
}

}  // namespace hermetic::ledger
