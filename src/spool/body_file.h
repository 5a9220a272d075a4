// One body file, read with its checksums. Blocking; not thread-safe.
#pragma once

#include "spool/body_sums.h"

#include <rocksdb/file_system.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::spool {

class BodyFile {
public:
    // Of a body of `size` octets. Nothing is opened before the first read.
    BodyFile(std::shared_ptr<rocksdb::FileSystem> file_system, std::string path,
             std::uint64_t size);

    // At most `limit` octets from `offset` into `bytes`; Corruption where they, or others of their
    // chunks, are not those that were written. A failure leaves `bytes` empty.
    [[nodiscard]] rocksdb::IOStatus read(std::uint64_t offset, std::size_t limit,
                                         std::string& bytes);

private:
    [[nodiscard]] rocksdb::IOStatus open();
    [[nodiscard]] rocksdb::IOStatus read_octets(std::uint64_t offset, std::size_t length,
                                                std::string& bytes);
    [[nodiscard]] bool is_as_written(std::uint64_t first_chunk, const std::string& chunks) const;

    std::shared_ptr<rocksdb::FileSystem> file_system_;
    std::string path_;
    std::uint64_t size_;
    std::unique_ptr<rocksdb::FSRandomAccessFile> file_;
    std::optional<std::vector<std::uint32_t>> sums_;  // nullopt: of a version that wrote none
};

}  // namespace hermetic::spool
