// Directories that a power cut does not take away. Thread-safe, blocking.
//
// A new directory is durable when the directory that holds it has been synced: syncing the files in
// it, or itself, is not enough.
#pragma once

#include <rocksdb/file_system.h>

#include <string>

namespace hermetic::spool {

[[nodiscard]] rocksdb::IOStatus sync_directory(rocksdb::FileSystem& file_system,
                                               const std::string& path);

// Makes `path` and the parents that are missing, for their owner alone (mail is private), and syncs
// the directories that hold them. The nearest is synced even where nothing was missing: whoever
// made `path` may have died before doing so. An existing directory keeps its mode.
[[nodiscard]] rocksdb::IOStatus make_private_directories(rocksdb::FileSystem& file_system,
                                                         const std::string& path);

}  // namespace hermetic::spool
