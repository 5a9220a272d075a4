#include "spool/directory_lock.h"

#include "core/text.h"

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace hermetic::spool {
namespace {

// A folder can be opened and locked as well; but nothing would be written in it.
bool is_folder(const std::string& path)
{
    struct stat found {};
    return stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

OpenError cannot_open(const std::string& path, int code)
{
    if (is_folder(path)) {
        return {
            OpenError::Kind::Unusable,
            fmt::format("{} is a folder, in the place of the lock file: move it elsewhere", path)};
    }
    return {OpenError::Kind::Unusable,
            fmt::format("cannot open {}: {}", path, std::strerror(code))};
}

// What the holder wrote; empty where it cannot be known.
std::string holder(int descriptor)
{
    char text[32];
    const ssize_t length = pread(descriptor, text, sizeof text, 0);
    if (length <= 0) return {};
    const auto pid =
        parse_decimal<std::uint64_t>(trim({text, static_cast<std::size_t>(length) - 1}));
    return pid ? fmt::format(" (pid {})", *pid) : std::string{};
}

}  // namespace

Result<DirectoryLock, OpenError> DirectoryLock::acquire(const std::string& directory)
{
    const std::string path = directory + "/lock";
    const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return failure(cannot_open(path, errno));
    auto held = lock(descriptor, directory);
    if (!held) return held;
    // The pid is for people only; a lock file without it locks as well.
    const std::string pid = fmt::format("{}\n", getpid());
    if (ftruncate(descriptor, 0) == 0) {
        [[maybe_unused]] const ssize_t written = pwrite(descriptor, pid.data(), pid.size(), 0);
    }
    return held;
}

Result<DirectoryLock, OpenError> DirectoryLock::acquire_to_read(const std::string& directory)
{
    const std::string path = directory + "/lock";
    if (is_folder(path)) return failure(cannot_open(path, EISDIR));
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0) return lock(descriptor, directory);
    if (errno == ENOENT) return DirectoryLock{-1};
    return failure(cannot_open(path, errno));
}

Result<DirectoryLock, OpenError> DirectoryLock::lock(int descriptor, const std::string& directory)
{
    DirectoryLock held{descriptor};
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return held;
    return failure(
        OpenError{OpenError::Kind::Locked,
                  fmt::format("the spool {} is in use by another process{}; a spool has one owner: "
                              "stop that process, or use another data directory",
                              directory, holder(descriptor))});
}

DirectoryLock::~DirectoryLock()
{
    if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace hermetic::spool
