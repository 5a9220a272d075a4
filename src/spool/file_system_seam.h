// The file system under the spool. Private to the spool and to tests: it names RocksDB.
#pragma once

#include <rocksdb/file_system.h>

#include <cstddef>
#include <memory>

namespace hermetic::spool {

// RocksDB's files, body files and the ballast all go through it; the lock file does not.
struct FileSystemSeam {
    std::shared_ptr<rocksdb::FileSystem> file_system;
    std::size_t write_buffer = 0;  // of each column, in octets; 0: as in service
};

}  // namespace hermetic::spool
