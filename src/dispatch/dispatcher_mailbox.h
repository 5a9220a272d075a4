// What reaches the queue's thread: one mutex, vectors that are taken whole, one wake-up per batch.
#pragma once

#include "dispatch/grant.h"
#include "spool/spool.h"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace hermetic::dispatch {

struct News {
    std::vector<std::shared_ptr<const spool::StoredMessage>> stored;
    std::vector<spool::Change> recorded;
    std::vector<GrantReport> reports;
    std::vector<queue::PeerChanged> peers;
    std::vector<spool::Completion*> completed;
    std::vector<std::function<void()>> requests;

    [[nodiscard]] bool empty() const
    {
        return stored.empty() && recorded.empty() && reports.empty() && peers.empty() &&
               completed.empty() && requests.empty();
    }
};

// Thread-safe.
class DispatcherMailbox {
public:
    // Moves the items behind those of `part`. False: closed, nothing was taken.
    template <typename T>
    bool add(std::vector<T> News::*part, std::vector<T> items)
    {
        const std::lock_guard lock{mutex_};
        if (closed_) return false;
        const bool was_empty = news_.empty();
        auto& all = news_.*part;
        if (all.empty()) {
            all = std::move(items);
        } else {
            std::move(items.begin(), items.end(), std::back_inserter(all));
        }
        if (was_empty) arrived_.notify_one();
        return true;
    }

    // What has come; waits for the first at most `timeout`.
    [[nodiscard]] News take(Duration timeout)
    {
        std::unique_lock lock{mutex_};
        arrived_.wait_for(lock, timeout, [&] { return !news_.empty(); });
        return std::exchange(news_, {});
    }

    // From now on nothing is taken in. What had come until then.
    [[nodiscard]] News close()
    {
        const std::lock_guard lock{mutex_};
        closed_ = true;
        return std::exchange(news_, {});
    }

private:
    std::mutex mutex_;
    std::condition_variable arrived_;
    News news_;
    bool closed_ = false;
};

}  // namespace hermetic::dispatch
