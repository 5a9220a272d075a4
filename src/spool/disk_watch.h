// Watches free space: high-water and low-water mark, and the ballast that a full disk gives back.
//
// sample() and the ballast belong to the commit thread; the rest may be read from any thread.
#pragma once

#include "core/time.h"
#include "spool/reporter.h"
#include "spool/rocksdb_spool.h"

#include <rocksdb/file_system.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace hermetic::spool {

class DiskWatch {
public:
    DiskWatch(const SpoolSettings& settings, std::shared_ptr<rocksdb::FileSystem> file_system,
              Reporter& reporter);

    // Asks the file system, at most once a second; keeps the last answer where it gives none. Makes
    // the ballast anew once there is room.
    void sample(Instant now);

    // Gives the ballast's space to the database, which needs some to recover. False: there is none.
    bool release_ballast();

    [[nodiscard]] std::uint64_t free_bytes() const { return free_; }
    // What is free now, as far as is known: without what was written since the last sample.
    [[nodiscard]] std::uint64_t free_now() const;
    // Body files have taken so much. Thread-safe.
    void wrote(std::uint64_t octets) { written_.fetch_add(octets, std::memory_order_relaxed); }
    // Below it nothing that arrives is written any more.
    [[nodiscard]] std::uint64_t kept() const { return high_water_ / 2; }
    // Between the marks it stays as it was.
    [[nodiscard]] bool full() const { return full_; }
    // Half the high-water mark is left: messages that were under way when the mark was passed are
    // refused too.
    [[nodiscard]] bool nearly_exhausted() const { return free_ < kept(); }
    // "12.3 GiB free, high-water mark 1.0 GiB"
    [[nodiscard]] std::string words() const;

private:
    void make_ballast();

    std::string directory_;
    std::string ballast_path_;
    std::uint64_t high_water_;
    std::uint64_t low_water_;
    std::uint64_t ballast_size_;
    std::shared_ptr<rocksdb::FileSystem> file_system_;
    Reporter& reporter_;

    Instant next_sample_ = Instant::min();
    bool has_ballast_ = false;
    std::atomic<std::uint64_t> free_{UINT64_MAX};
    std::atomic<std::uint64_t> written_{0};  // since free_ was asked for
    std::atomic<bool> full_{false};
};

[[nodiscard]] std::string format_octets(std::uint64_t octets);  // "1.5 GiB"

}  // namespace hermetic::spool
