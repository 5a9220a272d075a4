// A descriptor that is written to without waiting for whoever reads it.
//
// Of a FIFO or pipe it has an open file description of its own where the system allows that, so
// that O_NONBLOCK is nobody else's. Elsewhere it asks before it writes, and writes little.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace hermetic::ledger {

class Output {
public:
    Output() = default;
    ~Output();
    Output(Output&& other) noexcept;
    Output& operator=(Output&& other) noexcept;

    // For appending; made where it is missing. An errno, or 0.
    [[nodiscard]] int open(const std::string& file);
    // The same file as this descriptor, which stays its owner's.
    void follow(int descriptor);
    [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

    struct Wrote {
        std::size_t octets = 0;
        int error = 0;  // an errno; EAGAIN: the reader has to read first
    };
    // Some of it, at once.
    [[nodiscard]] Wrote write(std::string_view text);
    // Whether it can be written to, by then.
    [[nodiscard]] bool wait(std::chrono::milliseconds at_most);

private:
    void close();

    int descriptor_ = -1;
    bool is_socket_ = false;
    bool may_block_ = false;  // not a file of a disk, and without O_NONBLOCK
};

}  // namespace hermetic::ledger
