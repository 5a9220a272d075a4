// Where the log's lines go: a file, a FIFO, or standard error, whatever that is.
//
// Thread-safe. A thread of its own writes; it never waits for a reader. What cannot be written, for
// whatever cause, is counted, and said as soon as it can be again; so much as kBuffer holds is kept
// for a reader that is slow. Signals: SIGPIPE and SIGXFSZ must be ignored.
#pragma once

#include "ledger/losses.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace hermetic::ledger {

// A descriptor that is written to without waiting for whoever reads it. Of a FIFO or pipe it has an
// open file description of its own where the system allows that, so that O_NONBLOCK is nobody
// else's. Elsewhere it asks before it writes, and writes little.
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

class Sink {
public:
    static constexpr std::size_t kBuffer = std::size_t{1} << 20U;
    // So long a reader may do nothing before it is waited for no more.
    static constexpr std::chrono::milliseconds kPatience{50};

    // The lines that say what has been lost since it was said last, each with its end.
    using FormatLosses = std::function<std::string(const Losses& losses)>;

    // `file` is opened for appending, and made where it is missing; one that cannot be is reported
    // on `fallback`, which is then used (not owned; standard error). Empty: `fallback`.
    Sink(std::string file, int fallback, FormatLosses format_losses);
    // What can be written at once is; the rest is lost.
    ~Sink();
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;

    // Whole lines, each with its end. Returns when they are written or lost; where nobody reads, at
    // once.
    void write(std::string_view lines);
    // Before the next line the file is opened anew (log rotation).
    void reopen();
    // Since the start.
    [[nodiscard]] Losses losses() const;

private:
    void run();
    void open();
    // Writes what is pending, as far as that goes without waiting for long.
    void drain();
    void lose_pending(LossCause cause);
    void lose(LossCause cause, std::uint64_t lines);
    void begin_notice();
    void on_written(std::size_t octets);

    const std::string file_;
    const int fallback_;
    const FormatLosses format_losses_;

    // The writer's.
    Output output_;
    std::string pending_;
    std::size_t at_ = 0;      // what is before it in pending_ has been written
    std::size_t notice_ = 0;  // pending_ begins with so many octets of a notice,
    Losses noticed_{};        // which says these
    bool torn_ = false;       // the last line has no end

    mutable std::mutex mutex_;  // of all below
    std::condition_variable wake_;
    std::condition_variable done_;
    std::string incoming_;
    std::uint64_t added_ = 0;
    std::uint64_t taken_ = 0;  // written, lost, or kept for a slow reader
    std::size_t kept_ = 0;     // octets that are pending
    bool blocked_ = false;
    bool reopen_ = true;
    bool stopping_ = false;
    Losses losses_{};
    Losses unsaid_{};
    std::thread thread_;  // last: it uses all of the above
};

}  // namespace hermetic::ledger
