#include "spool/body_file.h"

#include "core/crc32c.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace hermetic::spool {
namespace {

const rocksdb::IOOptions kIo{};

}  // namespace

BodyFile::BodyFile(std::shared_ptr<rocksdb::FileSystem> file_system, std::string path,
                   std::uint64_t size)
    : file_system_{std::move(file_system)}, path_{std::move(path)}, size_{size}
{
}

rocksdb::IOStatus BodyFile::open()
{
    std::uint64_t length = 0;
    auto status = file_system_->GetFileSize(path_, kIo, &length, nullptr);
    if (!status.ok()) return status;
    std::unique_ptr<rocksdb::FSRandomAccessFile> file;
    status = file_system_->NewRandomAccessFile(path_, rocksdb::FileOptions{}, &file, nullptr);
    if (!status.ok()) return status;
    file_ = std::move(file);
    if (length == size_) return status;
    std::string octets;
    if (length == size_ + sums_length(size_)) {
        status = read_octets(size_, static_cast<std::size_t>(sums_length(size_)), octets);
        sums_ = parse_sums(octets, size_);
    }
    if (!status.ok() || sums_) return status;
    return rocksdb::IOStatus::Corruption(
        fmt::format("the body file has {} octets, its message states {}, and the checksums do not "
                    "show which part is damaged",
                    length, size_));
}

rocksdb::IOStatus BodyFile::read(std::uint64_t offset, std::size_t limit, std::string& bytes)
{
    bytes.clear();
    if (!file_) {
        const auto opened = open();
        if (!opened.ok()) {
            file_.reset();
            return opened;
        }
    }
    if (offset >= size_) return {};
    const std::uint64_t end = offset + std::min<std::uint64_t>(limit, size_ - offset);
    if (!sums_) return read_octets(offset, static_cast<std::size_t>(end - offset), bytes);

    // Whole chunks.
    const std::uint64_t first = offset / kBodyChunk;
    const std::uint64_t from = first * kBodyChunk;
    const std::uint64_t to = std::min((end + kBodyChunk - 1) / kBodyChunk * kBodyChunk, size_);
    auto status = read_octets(from, static_cast<std::size_t>(to - from), bytes);
    if (status.ok() && !is_as_written(first, bytes)) {
        bytes.clear();
        status = rocksdb::IOStatus::Corruption(fmt::format(
            "{} was changed after it was written, between octets {} and {}", path_, from, to));
    }
    if (!status.ok()) return status;
    bytes.resize(static_cast<std::size_t>(end - from));
    bytes.erase(0, static_cast<std::size_t>(offset - from));
    return status;
}

rocksdb::IOStatus BodyFile::read_octets(std::uint64_t offset, std::size_t length,
                                        std::string& bytes)
{
    bytes.resize(length);
    rocksdb::Slice result;
    auto status = file_->Read(offset, length, kIo, &result, bytes.data(), nullptr);
    if (status.ok() && result.size() != length) {
        status = rocksdb::IOStatus::Corruption("the body file is shorter than its message");
    }
    if (!status.ok()) {
        bytes.clear();
    } else if (result.data() != bytes.data()) {
        bytes.assign(result.data(), result.size());
    }
    return status;
}

bool BodyFile::is_as_written(std::uint64_t first_chunk, const std::string& chunks) const
{
    const std::string_view view{chunks};
    auto chunk = static_cast<std::size_t>(first_chunk);
    for (std::size_t at = 0; at < view.size(); at += kBodyChunk, ++chunk) {
        if (crc32c(view.substr(at, kBodyChunk)) != (*sums_)[chunk]) return false;
    }
    return true;
}

}  // namespace hermetic::spool
