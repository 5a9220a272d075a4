// Opens the embedded spool: RocksDB for what is small, files for large bodies.
//
// The format, the states on disk and the crash argument are docs/formats/spool.md. No RocksDB
// header is needed to use it.
#pragma once

#include "core/result.h"
#include "core/time.h"
#include "spool/spool.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::spool {

// Something an operator should know. `id` is dotted and stable: docs/policy/spool.md lists them.
struct SpoolEvent {
    enum class Severity : std::uint8_t { Info, Warning, Error };
    Severity severity = Severity::Info;
    std::string_view id;
    std::string words;
};

// The id of an event that is counted, too: a body that cannot be read, or is not what was written.
inline constexpr std::string_view kBodyUnreadable = "spool.body-unreadable";

// What lies under the spool instead of the machine's file system: tests hand in one that fails on
// demand (tests/crash/spool_fault_fs.h). Defined in spool/file_system_seam.h.
struct FileSystemSeam;

struct SpoolSettings {
    std::string directory;                          // made where missing, mode 0700
    std::uint64_t high_water = 1ULL << 30;          // free octets below which new mail is refused
    std::uint64_t low_water = 2ULL << 30;           // free octets above which it is taken again
    std::uint64_t body_file_threshold = 256 << 10;  // octets; longer bodies are files
    std::uint64_t ballast = 16ULL << 20;            // octets kept to be released on a full disk
    std::uint64_t max_messages = 10'000'000;
    // A change without `done` that meets no other write is on disk after this long.
    Duration idle_flush = std::chrono::milliseconds{50};
    // After a failed write: until the first attempt to reopen; doubled until ten seconds.
    Duration reopen_back_off = std::chrono::milliseconds{100};
    std::shared_ptr<FileSystemSeam> file_system;  // null: the machine's
    // Called on the opening thread and on the spool's threads, one at a time. May be empty.
    std::function<void(const SpoolEvent&)> on_event;
};

struct OpenError {
    enum class Kind : std::uint8_t {
        Locked,    // another process has it open
        Unusable,  // the directory cannot be made, read or written
        Damaged,   // something of it is lost: nothing was opened (opening.h)
        Newer,     // a newer version of this program wrote it
    };
    Kind kind = Kind::Unusable;
    std::string words;  // for people: what is wrong, where, and what to do
};

// Opens the spool, replaying what a crash left. Blocks: milliseconds when empty, seconds with a
// million messages. `listener` and `clock` outlive the spool.
[[nodiscard]] Result<std::unique_ptr<Spool>, OpenError> make_rocksdb_spool(
    const SpoolSettings& settings, SpoolListener& listener, const Clock& clock);

// Why make_rocksdb_spool() would refuse what is in the directory; nullopt: it would not, or another
// process, which has judged it, has it open. Reads alone, and keeps nobody from opening it.
[[nodiscard]] std::optional<OpenError> find_opening_fault(const std::string& directory);

}  // namespace hermetic::spool
