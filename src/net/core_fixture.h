// A core in a test's own thread: runs a coroutine to its end. For tests only.
#pragma once

#include "net/core.h"

namespace hermetic::net {

// A clock that is moved by hand, or the machine's plus an offset.
class ShiftedClock final : public Clock {
public:
    [[nodiscard]] Instant now() const override;
    [[nodiscard]] WallTime wall() const override;
    Duration shift{};
};

class CoreFixture {
public:
    CoreFixture();
    ~CoreFixture();
    CoreFixture(const CoreFixture&) = delete;
    CoreFixture& operator=(const CoreFixture&) = delete;

    // Runs the loop until `task` and all that it spawned have ended. Rethrows what escaped.
    void run(Task<> task);
    // Runs both at once.
    void run(Task<> first, Task<> second);
    // Runs one handler of the loop; waits for it.
    void turn();

    [[nodiscard]] Instant in(Duration duration) const { return core.clock().now() + duration; }

    ShiftedClock clock;
    Core core{0, clock};
};

}  // namespace hermetic::net
