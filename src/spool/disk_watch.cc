#include "spool/disk_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

namespace hermetic::spool {
namespace {

constexpr Duration kSampleEvery = std::chrono::seconds{1};
constexpr std::size_t kBallastStep = 1U << 20;
const rocksdb::IOOptions kIo{};

}  // namespace

DiskWatch::DiskWatch(const SpoolSettings& settings,
                     std::shared_ptr<rocksdb::FileSystem> file_system, Reporter& reporter)
    : directory_{settings.directory},
      ballast_path_{settings.directory + "/ballast"},
      high_water_{settings.high_water},
      low_water_{std::max(settings.low_water, settings.high_water)},
      ballast_size_{settings.ballast},
      file_system_{std::move(file_system)},
      reporter_{reporter}
{
    std::uint64_t size = 0;
    has_ballast_ =
        file_system_->GetFileSize(ballast_path_, kIo, &size, nullptr).ok() && size >= ballast_size_;
}

void DiskWatch::sample(Instant now)
{
    if (now < next_sample_) return;
    next_sample_ = now + kSampleEvery;

    const std::uint64_t written = written_;
    std::uint64_t free = 0;
    if (!file_system_->GetFreeSpace(directory_, kIo, &free, nullptr).ok()) return;
    free_ = free;
    written_ -= written;
    if (!full_ && free < high_water_) {
        full_ = true;
        reporter_.error("spool.disk-full", words() + ": new mail is refused");
    } else if (full_ && free > low_water_) {
        full_ = false;
        reporter_.info("spool.disk-free-again", words() + ": mail is accepted again");
    }
    if (!has_ballast_ && ballast_size_ > 0 && !full_ && free > low_water_ &&
        free - low_water_ > ballast_size_) {
        make_ballast();
    }
}

std::uint64_t DiskWatch::free_now() const
{
    const std::uint64_t free = free_;
    if (free == UINT64_MAX) return free;
    const std::uint64_t written = written_;
    return free > written ? free - written : 0;
}

bool DiskWatch::release_ballast()
{
    if (!has_ballast_) return false;
    has_ballast_ = !file_system_->DeleteFile(ballast_path_, kIo, nullptr).ok();
    if (has_ballast_) return false;
    reporter_.warning("spool.ballast-released",
                      fmt::format("the disk is full: the reserve of {} (ballast) was released",
                                  format_octets(ballast_size_)));
    return true;
}

void DiskWatch::make_ballast()
{
    // Written, not only allocated: a file system may promise more than it has. The octets differ so
    // that it cannot fold them.
    std::unique_ptr<rocksdb::FSWritableFile> file;
    rocksdb::IOStatus status =
        file_system_->NewWritableFile(ballast_path_, rocksdb::FileOptions{}, &file, nullptr);
    if (!status.ok()) return;
    std::string step(kBallastStep, '\0');
    std::uint64_t mixed = 0x9e3779b97f4a7c15ULL;
    for (std::uint64_t written = 0; status.ok() && written < ballast_size_;) {
        for (char& octet : step) {
            mixed = mixed * 6364136223846793005ULL + 1442695040888963407ULL;
            octet = static_cast<char>(mixed >> 56);
        }
        const std::size_t length = static_cast<std::size_t>(
            std::min<std::uint64_t>(kBallastStep, ballast_size_ - written));
        status = file->Append({step.data(), length}, kIo, nullptr);
        written += length;
    }
    if (status.ok()) status = file->Sync(kIo, nullptr);
    const rocksdb::IOStatus closed = file->Close(kIo, nullptr);
    has_ballast_ = status.ok() && closed.ok();
    if (!has_ballast_) {
        file_system_->DeleteFile(ballast_path_, kIo, nullptr).PermitUncheckedError();
    }
}

std::string DiskWatch::words() const
{
    if (free_ == UINT64_MAX) return "free space is not known";
    return fmt::format("{} free, high-water mark {}, low-water mark {}", format_octets(free_),
                       format_octets(high_water_), format_octets(low_water_));
}

std::string format_octets(std::uint64_t octets)
{
    constexpr std::array<std::string_view, 5> kUnits{"KiB", "MiB", "GiB", "TiB", "PiB"};
    if (octets < 1024) return fmt::format("{} octets", octets);
    double value = static_cast<double>(octets) / 1024;
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
    return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace hermetic::spool
