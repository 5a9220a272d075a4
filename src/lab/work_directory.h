// What the lab's programs need of the machine: a directory of their own, and signals that stop
// them.
#pragma once

#include "core/result.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>

namespace hermetic::lab {

// A new directory below the one for temporary files, for its owner only; or the system's words.
[[nodiscard]] Result<std::filesystem::path, std::string> make_work_directory();

// `path` made absolute, and made where it is missing.
[[nodiscard]] Result<std::filesystem::path, std::string> use_work_directory(
    const std::string& path);

[[nodiscard]] bool write_text(const std::filesystem::path& path, const std::string& text);

// Holds SIGINT and SIGTERM back from this thread and those it starts later, so that wait() gets
// them. Made in the main thread before any other; restores the mask at its end.
class StopSignals {
public:
    StopSignals();
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    void wait() const;
    // Whether one came within this time.
    [[nodiscard]] bool wait_for(std::chrono::milliseconds time) const;

private:
    sigset_t stopping_;
    sigset_t before_;
};

}  // namespace hermetic::lab
