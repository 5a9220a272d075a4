#include "spool/io_pool.h"

#include "core/thread_name.h"

#include <utility>

namespace hermetic::spool {

IoPool::IoPool(std::size_t threads)
{
    for (std::size_t i = 0; i < threads; ++i) {
        threads_.emplace_back([this] {
            name_this_thread("spool-io");
            work();
        });
    }
}

IoPool::~IoPool()
{
    stop();
}

void IoPool::run(std::function<void()> task)
{
    {
        const std::lock_guard lock{mutex_};
        if (!stopping_) {
            queue_.push_back(std::move(task));
            wake_.notify_one();
            return;
        }
    }
    task();
}

void IoPool::stop()
{
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

void IoPool::work()
{
    std::unique_lock lock{mutex_};
    for (;;) {
        wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        if (queue_.empty()) return;
        const std::function<void()> task = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        task();
        lock.lock();
    }
}

}  // namespace hermetic::spool
