// The directory on a thread of its own: its calls wait for the disk, which no loop may.
#pragma once

#include "directory/directory.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>

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
    // The same, and waits for its result: for what is rare and waits anyway, such as a reload.
    // Before stop().
    template <typename Ask>
    auto ask(Ask ask_directory)
    {
        using Answer = std::invoke_result_t<Ask, Directory&>;
        std::promise<Answer> answer;
        post([&](Directory& directory) { answer.set_value(ask_directory(directory)); });
        return answer.get_future().get();
    }
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
