// Values from many threads to one, in batches: a vector swapped under a mutex, one wake-up per
// batch.
#pragma once

#include <condition_variable>
#include <functional>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

namespace hermetic::net {

// For a reader with a loop. put() may be called by any thread, take() by the reader.
template <typename T>
class Mailbox {
public:
    // `wake` is called on the putting thread when the box stops being empty; it makes the reader
    // call take(), for example by Core::post.
    explicit Mailbox(std::function<void()> wake) : wake_{std::move(wake)} {}

    void put(T value)
    {
        bool was_empty = false;
        {
            const std::lock_guard lock{mutex_};
            was_empty = waiting_.empty();
            waiting_.push_back(std::move(value));
        }
        if (was_empty) wake_();
    }

    void put(std::vector<T> batch)
    {
        if (batch.empty()) return;
        bool was_empty = false;
        {
            const std::lock_guard lock{mutex_};
            was_empty = waiting_.empty();
            if (was_empty) {
                waiting_.swap(batch);
            } else {
                waiting_.insert(waiting_.end(), std::make_move_iterator(batch.begin()),
                                std::make_move_iterator(batch.end()));
            }
        }
        if (was_empty) wake_();
    }

    // All that waits, in order of arrival; the next put() wakes again.
    [[nodiscard]] std::vector<T> take()
    {
        std::vector<T> taken;
        const std::lock_guard lock{mutex_};
        taken.swap(waiting_);
        return taken;
    }

private:
    std::mutex mutex_;
    std::vector<T> waiting_;
    std::function<void()> wake_;
};

// For a reader that is a thread of its own and sleeps in wait_until().
template <typename T>
class BlockingMailbox {
public:
    void put(T value)
    {
        const std::lock_guard lock{mutex_};
        waiting_.push_back(std::move(value));
        if (waiting_.size() == 1) arrived_.notify_one();
    }

    void put(std::vector<T> batch)
    {
        if (batch.empty()) return;
        const std::lock_guard lock{mutex_};
        const bool was_empty = waiting_.empty();
        waiting_.insert(waiting_.end(), std::make_move_iterator(batch.begin()),
                        std::make_move_iterator(batch.end()));
        if (was_empty) arrived_.notify_one();
    }

    // Returns what has come, at the latest at `until`; then it may be empty.
    template <typename TimePoint>
    [[nodiscard]] std::vector<T> wait_until(TimePoint until)
    {
        std::vector<T> taken;
        std::unique_lock lock{mutex_};
        arrived_.wait_until(lock, until, [this] { return !waiting_.empty(); });
        taken.swap(waiting_);
        return taken;
    }

    // Returns when something has come.
    [[nodiscard]] std::vector<T> wait()
    {
        std::vector<T> taken;
        std::unique_lock lock{mutex_};
        arrived_.wait(lock, [this] { return !waiting_.empty(); });
        taken.swap(waiting_);
        return taken;
    }

private:
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::vector<T> waiting_;
};

}  // namespace hermetic::net
