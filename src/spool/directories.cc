#include "spool/directories.h"

#include <filesystem>
#include <memory>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace hermetic::spool {
namespace {

namespace fs = std::filesystem;

const rocksdb::IOOptions kIo{};

std::string holder_of(const fs::path& path)
{
    const fs::path holder = path.parent_path();
    return holder.empty() ? "." : holder.string();
}

rocksdb::IOStatus make_private(rocksdb::FileSystem& file_system, const std::string& path)
{
    rocksdb::IOStatus made = file_system.CreateDirIfMissing(path, kIo, nullptr);
    if (!made.ok()) return made;
    std::error_code error;
    fs::permissions(path, fs::perms::owner_all, error);
    return error ? rocksdb::IOStatus::IOError(path, error.message()) : made;
}

// Those above were made by somebody else, perhaps a moment ago: synced where that is possible.
void sync_above(rocksdb::FileSystem& file_system, const fs::path& path)
{
    for (fs::path at = path; at != holder_of(at) && holder_of(at) != "."; at = holder_of(at)) {
        sync_directory(file_system, holder_of(at)).PermitUncheckedError();
    }
}

}  // namespace

rocksdb::IOStatus sync_directory(rocksdb::FileSystem& file_system, const std::string& path)
{
    std::unique_ptr<rocksdb::FSDirectory> directory;
    rocksdb::IOStatus status = file_system.NewDirectory(path, kIo, &directory, nullptr);
    if (!status.ok()) return status;
    status = directory->Fsync(kIo, nullptr);
    const rocksdb::IOStatus closed = directory->Close(kIo, nullptr);
    return status.ok() ? closed : status;
}

rocksdb::IOStatus make_private_directories(rocksdb::FileSystem& file_system,
                                           const std::string& path)
{
    // "a/b/" names the same as "a/b", but its parent would not.
    fs::path wanted = fs::path{path}.lexically_normal();
    if (!wanted.has_filename()) wanted = wanted.parent_path();

    std::error_code error;
    std::vector<fs::path> missing;
    for (fs::path at = wanted; !at.empty() && !fs::exists(at, error); at = at.parent_path()) {
        if (error) return rocksdb::IOStatus::IOError(at.string(), error.message());
        missing.push_back(at);
    }
    if (missing.empty() && !fs::is_directory(wanted, error)) {
        return rocksdb::IOStatus::IOError(path, "not a directory");
    }
    rocksdb::IOStatus status;
    for (auto at = missing.rbegin(); at != missing.rend() && status.ok(); ++at) {
        status = make_private(file_system, at->string());
        if (status.ok()) status = sync_directory(file_system, holder_of(*at));
    }
    if (status.ok() && missing.empty()) {
        // Where we may not read the holder, somebody with more rights made our directory in it.
        status = sync_directory(file_system, holder_of(wanted));
        if (!status.ok() && access(holder_of(wanted).c_str(), R_OK) != 0) status = {};
    }
    if (status.ok()) sync_above(file_system, holder_of(wanted));
    return status;
}

}  // namespace hermetic::spool
