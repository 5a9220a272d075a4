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
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace hermetic::net {

class DeadlineWheel;

class Core final : public spool::CompletionPort {
public:
    static constexpr std::chrono::seconds kGrace{5};

    Core(std::size_t index, const Clock& clock);
    ~Core();
    Core(const Core&) = delete;
    Core& operator=(const Core&) = delete;

    [[nodiscard]] std::size_t index() const { return index_; }
    [[nodiscard]] Executor executor();
    [[nodiscard]] boost::asio::io_context& loop() { return *loop_; }
    [[nodiscard]] DeadlineWheel& wheel() { return *wheel_; }
    [[nodiscard]] const Clock& clock() const { return clock_; }
    [[nodiscard]] Random& random() { return random_; }
    [[nodiscard]] IdSource& ids() { return ids_; }

    // Runs the loop on the calling thread until stop(), and then until what was cancelled has
    // ended, at most kGrace.
    void run();
    // Thread-safe: cancel_all(), then ends run(). Services are closed and joined before.
    void stop();
    // Thread-safe: every operation on a stream and every sleep of this core ends as Cancelled, now
    // and from now on.
    void cancel_all();
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

enum class Woken : std::uint8_t { OnTime, Cancelled };

// Cancelled: the core is stopping.
Task<Woken> sleep_until(Core& core, Instant at);

// Writes to a closed connection must be errors, not the end of the process. Once per process.
void ignore_sigpipe();

}  // namespace hermetic::net
