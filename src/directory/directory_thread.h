// The directory on a thread of its own: its calls wait for the disk, which no loop may.
#pragma once

#include "directory/directory.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace hermetic::directory {

// Thread-safe. Its callers bound the queue: each waits for its answer before it asks again.
class DirectoryThread {
public:
    using Work = std::function<void(Directory&)>;

    explicit DirectoryThread(std::unique_ptr<Directory> directory);
    ~DirectoryThread();
    DirectoryThread(const DirectoryThread&) = delete;
    DirectoryThread& operator=(const DirectoryThread&) = delete;

    // In the order of the calls. After stop() it is dropped.
    void post(Work work);
    // Does what is queued, then ends the thread.
    void stop();

private:
    void run();

    std::unique_ptr<Directory> directory_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Work> queue_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace hermetic::directory
