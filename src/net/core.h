// A core: one thread, one loop, one deadline wheel, and the connections that live on it.
//
// A connection never changes its core; nothing here is locked but post(). Specification of the
// threads: ARCHITECTURE.md.
#pragma once

#include "core/ids.h"
#include "core/random.h"
#include "core/time.h"
#include "net/task.h"
#include "spool/spool.h"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace hermetic::net {

class DeadlineWheel;
class TaskGroup;

class Core final : public spool::CompletionPort {
public:
    Core(std::size_t index, const Clock& clock);
    ~Core();

    [[nodiscard]] std::size_t index() const { return index_; }
    [[nodiscard]] Executor executor();
    [[nodiscard]] boost::asio::io_context& loop() { return *loop_; }
    [[nodiscard]] DeadlineWheel& wheel() { return *wheel_; }
    [[nodiscard]] const Clock& clock() const { return clock_; }
    [[nodiscard]] Random& random() { return random_; }
    [[nodiscard]] IdSource& ids() { return ids_; }

    // Runs the loop on the calling thread until stop().
    void run();
    // Thread-safe.
    void stop();
    // Thread-safe: runs `work` on this core.
    void post(std::function<void()> work);
    // spool::CompletionPort
    void post(std::vector<spool::Completion*> done) override;

private:
    std::size_t index_;
    const Clock& clock_;
    std::unique_ptr<boost::asio::io_context> loop_;
    std::unique_ptr<DeadlineWheel> wheel_;
    Random random_;
    IdSource ids_;
};

// Waits for a spool operation that was started on this core:
//     spool::CommitOperation done{core};
//     net::SpoolWait wait... see net/await_spool.h

}  // namespace hermetic::net
