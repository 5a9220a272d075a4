// The lock that keeps two processes from one spool.
#pragma once

#include "core/result.h"
#include "spool/rocksdb_spool.h"

#include <string>
#include <utility>

namespace hermetic::spool {

// Held by an open file: the kernel releases it when the process ends, however it ends.
class DirectoryLock {
public:
    // Refused while somebody else has it, with the pid found in the lock file.
    [[nodiscard]] static Result<DirectoryLock, OpenError> acquire(const std::string& directory);
    // The same for somebody who only reads: writes nothing, and a copy needs no lock file.
    [[nodiscard]] static Result<DirectoryLock, OpenError> acquire_to_read(
        const std::string& directory);

    DirectoryLock(DirectoryLock&& other) noexcept
        : descriptor_{std::exchange(other.descriptor_, -1)}
    {
    }
    DirectoryLock& operator=(DirectoryLock&&) = delete;
    ~DirectoryLock();

private:
    [[nodiscard]] static Result<DirectoryLock, OpenError> lock(int descriptor,
                                                               const std::string& directory);

    explicit DirectoryLock(int descriptor) : descriptor_{descriptor} {}

    int descriptor_;
};

}  // namespace hermetic::spool
