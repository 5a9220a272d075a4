// Lines of an answer that come one by one: from whoever makes them to the client that waits.
//
// Lives on the server's core. Unbounded: who pushes bounds what it says.
#pragma once

#include "net/event.h"
#include "net/task.h"

#include <deque>
#include <optional>
#include <string>

namespace hermetic::admin {

class LineStream {
public:
    explicit LineStream(net::Core& core) : core_{core} {}
    LineStream(const LineStream&) = delete;
    LineStream& operator=(const LineStream&) = delete;

    // Without a newline. Dropped after close().
    void push(std::string line);
    // No more comes; what was pushed is still read. Idempotent.
    void close();
    [[nodiscard]] bool is_closed() const { return closed_; }

    // With its newline; nullopt: there is no more. One reader.
    [[nodiscard]] net::Task<std::optional<std::string>> next();

private:
    void wake();

    net::Core& core_;
    std::deque<std::string> lines_;
    bool closed_ = false;
    std::optional<net::Event> waiting_;
};

}  // namespace hermetic::admin
