// Inspects the directory of a spool before anything opens it: the facts for opening.h, and the
// identity file. Blocking. Reading changes nothing.
#pragma once

#include "core/result.h"
#include "core/time.h"
#include "spool/opening.h"

#include <rocksdb/file_system.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::spool {

// The whole file, or why not.
[[nodiscard]] Result<std::string, std::string> read_file(rocksdb::FileSystem& file_system,
                                                         const std::string& path);

// The file of a spool that is there while a repair puts its database in place: the name of the
// folder with what it leaves out.
inline constexpr std::string_view kRepairNote = "repair";

// What can be read of a file, block by block.
struct ReadableOctets {
    std::string octets;  // zeros where they cannot be read
    std::string error;   // the first; empty: all of it can
};
// The error: it cannot even be opened.
[[nodiscard]] Result<ReadableOctets, std::string> read_readable(rocksdb::FileSystem& file_system,
                                                                const std::string& path);

// Written beside, synced, and put in its place: afterwards there is the old or the new one, and
// nothing beside it.
[[nodiscard]] rocksdb::IOStatus write_file(rocksdb::FileSystem& file_system,
                                           const std::string& directory, const std::string& name,
                                           const std::string& text);

struct FoundLog {
    std::uint64_t number = 0;
    std::string path;
};
// The write-ahead logs in db/, ascending.
[[nodiscard]] std::vector<FoundLog> find_logs(rocksdb::FileSystem& file_system,
                                              const std::string& directory);

// What becomes of a file with octets that the disk does not hand out.
enum class ReadErrors : std::uint8_t {
    Fail,    // the inspection fails
    Record,  // it stands in `unreadable`
};

// The error: a file that is there cannot be read. Asks RocksDB where needs_trial() says so.
[[nodiscard]] Result<SpoolFacts, std::string> inspect_spool(
    const std::shared_ptr<rocksdb::FileSystem>& file_system, const std::string& directory,
    ReadErrors errors = ReadErrors::Fail);

[[nodiscard]] rocksdb::IOStatus write_identity(rocksdb::FileSystem& file_system,
                                               const std::string& directory, const LogPoint& point);

// Where what is left out at `now` is kept: spool/damaged-2026-11-30T18-24-35.123Z.
[[nodiscard]] std::string folder_for_damage(const std::string& directory, WallTime now);

// Puts the octets behind the sound part of a log into `folder`, which is made where missing.
[[nodiscard]] rocksdb::IOStatus keep_torn_end(rocksdb::FileSystem& file_system,
                                              const std::string& directory, std::uint64_t log,
                                              const std::string& folder);

}  // namespace hermetic::spool
