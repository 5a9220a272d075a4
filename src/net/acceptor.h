// One listening address: accepts on the main loop and hands each connection on, to be adopted by a
// core's loop.
#pragma once

#include "core/ip.h"
#include "core/result.h"
#include "net/stream.h"
#include "net/task.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace hermetic::net {

// An open file descriptor; closed when this goes.
class FileDescriptor {
public:
    FileDescriptor() = default;
    explicit FileDescriptor(int descriptor) : descriptor_{descriptor} {}
    FileDescriptor(FileDescriptor&& other) noexcept : descriptor_{other.release()} {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept;
    ~FileDescriptor() { reset(); }

    [[nodiscard]] int get() const { return descriptor_; }
    [[nodiscard]] int release();
    void reset();
    explicit operator bool() const { return descriptor_ >= 0; }

private:
    int descriptor_ = -1;
};

// A connection that belongs to no loop yet; free to move between threads.
struct Accepted {
    FileDescriptor descriptor;  // non-blocking, close-on-exec
    Endpoint remote;
};

// On the core's thread. Closed: the peer has gone meanwhile.
[[nodiscard]] Result<std::unique_ptr<Stream>, StreamError> adopt(Core& core, Accepted accepted);

class Acceptor {
public:
    // Runs on the main loop and must not block; post to the least loaded core, or let the
    // connection go by destroying it. A std::function cannot hold what only moves: wrap it in a
    // shared_ptr.
    using OnAccepted = std::function<void(Accepted accepted)>;
    // Something an operator should know: "too many open files". At most once per pause.
    using OnTrouble = std::function<void(std::string what)>;

    struct ListenError {
        int code = 0;       // errno
        std::string words;  // for people
    };
    // Listens at once; port 0 takes a free one.
    [[nodiscard]] static Result<std::unique_ptr<Acceptor>, ListenError> listen(Core& main,
                                                                               Endpoint at);
    ~Acceptor();

    [[nodiscard]] Endpoint local() const;
    // Accepts until close(). Out of descriptors: the connections that wait are closed unserved
    // (their clients try again) and nothing is accepted for 100 ms.
    [[nodiscard]] Task<> run(OnAccepted on_accepted, OnTrouble on_trouble);
    // Ends run(), lets the address go. On the main loop.
    void close();

private:
    struct Impl;
    explicit Acceptor(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace hermetic::net
