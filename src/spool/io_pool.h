// A few threads for file operations that wait for the disk: bodies written, read and removed.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace hermetic::spool {

// Thread-safe. The queue is bounded by its callers: each has one operation under way at a time.
class IoPool {
public:
    explicit IoPool(std::size_t threads);
    ~IoPool();
    IoPool(const IoPool&) = delete;
    IoPool& operator=(const IoPool&) = delete;

    // In order of arrival, on any of the threads; after stop() on the calling one.
    void run(std::function<void()> work);
    // Runs what is queued, then ends the threads.
    void stop();

private:
    void work();

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> queue_;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace hermetic::spool
