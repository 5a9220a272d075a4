#include "directory/directory_thread.h"

#include "core/thread_name.h"

#include <utility>

namespace hermetic::directory {

DirectoryThread::DirectoryThread(std::unique_ptr<Directory> directory)
    : directory_{std::move(directory)}, thread_{[this] {
          name_this_thread("directory");
          run();
      }}
{
}

DirectoryThread::~DirectoryThread()
{
    stop();
}

void DirectoryThread::post(Work work)
{
    const std::lock_guard lock{mutex_};
    if (stopping_) return;
    queue_.push_back(std::move(work));
    wake_.notify_one();
}

void DirectoryThread::stop()
{
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void DirectoryThread::run()
{
    std::unique_lock lock{mutex_};
    for (;;) {
        wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        if (queue_.empty()) return;
        const Work work = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        work(*directory_);
        lock.lock();
    }
}

}  // namespace hermetic::directory
