// What the program asks of the system around a run: clocks, CPU time, limits, signals, files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hermetic::load {

[[nodiscard]] std::int64_t now_ns();  // monotonic
[[nodiscard]] double unix_seconds_of(std::int64_t monotonic_ns);
[[nodiscard]] std::int64_t thread_cpu_ns();  // user and system, of the calling thread

// As many descriptors as the hard limit allows; a write to a closed connection is an error, not a
// signal.
void prepare_process();

// Blocks SIGINT, SIGTERM and SIGUSR1 in this thread and those it starts from now on, and returns a
// descriptor (signalfd, non-blocking) that reads them. Throws std::system_error.
[[nodiscard]] int open_signals();
// The number of a signal that came, 0 when none did.
[[nodiscard]] int next_signal(int descriptor);

// Written whole or not at all: a reader that sees the name sees the content. Throws
// std::system_error.
void write_file(const std::string& path, std::string_view content);

}  // namespace hermetic::load
