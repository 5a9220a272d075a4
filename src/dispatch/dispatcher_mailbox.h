// What reaches the queue's thread: one mutex, vectors that are taken whole, one wake-up per batch.
#pragma once

#include "dispatch/grant.h"
#include "spool/spool.h"

#include <functional>
#include <iterator>
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
    std::vector<std::function<void()>> requests;

    [[nodiscard]] bool empty() const
    {
        return stored.empty() && recorded.empty() && reports.empty() && peers.empty() &&
               requests.empty();
    }
};

// Thread-safe.
class DispatcherMailbox {
public:
    // `wake` is called on the adding thread when the box stops being empty; it makes the queue's
    // thread call take(). Not under the lock, which that thread wants at once.
    explicit DispatcherMailbox(std::function<void()> wake) : wake_{std::move(wake)} {}

    // Moves the items behind those of `part`. False: closed, nothing was taken.
    template <typename T>
    bool add(std::vector<T> News::*part, std::vector<T> items)
    {
        bool first = false;
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
            first = was_empty && !news_.empty();
        }
        if (first) wake_();
        return true;
    }

    // What has come; the next add() wakes again.
    [[nodiscard]] News take()
    {
        const std::lock_guard lock{mutex_};
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
    std::function<void()> wake_;
    std::mutex mutex_;
    News news_;
    bool closed_ = false;
};

}  // namespace hermetic::dispatch
