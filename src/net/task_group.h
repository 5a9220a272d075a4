// Coroutines that belong to somebody: spawned, counted, awaited before their owner ends.
//
// The only place where a coroutine is let go of. Not thread-safe: the core's.
#pragma once

#include "net/task.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace hermetic::net {

class Core;

class TaskGroup {
public:
    // Told of an exception that left a task: a bug or no memory. That task is over, the others go
    // on.
    using OnEscaped = std::function<void(std::string_view what)>;

    explicit TaskGroup(Core& core, OnEscaped on_escaped = {});
    ~TaskGroup();  // join() first; what still runs then must not use its owner
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    enum class Spawned : std::uint8_t { Yes, Closed };
    // Starts `task` on the core, not within this call. Closed: it is destroyed unstarted.
    Spawned spawn(Task<> task);
    // No more tasks. Those that run are not told: cancel what they wait for.
    void close();
    // Returns when the last task has ended; may be awaited by several.
    [[nodiscard]] Task<> join();

    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] std::uint64_t escaped() const;

private:
    struct State;
    static Task<> guard(std::shared_ptr<State> state, Task<> task);

    std::shared_ptr<State> state_;
};

}  // namespace hermetic::net
