// How long this machine's disk takes to make an append durable: what a server that keeps mail
// cannot be faster than.
#pragma once

#include "load/histogram.h"

#include <cstdint>
#include <string>

namespace hermetic::load {

struct SyncOptions {
    std::string directory = ".";
    std::uint64_t size = 4096;  // octets of each append
    unsigned count = 500;
};

struct SyncResult {
    SyncOptions options;
    Histogram append_and_sync;
    Histogram sync;  // fdatasync alone
};

// Appends to a file of its own in the directory, and removes it. Throws std::system_error.
[[nodiscard]] SyncResult measure_sync(const SyncOptions& options);

}  // namespace hermetic::load
