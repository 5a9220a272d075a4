#include "tls/durable_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <system_error>
#include <unistd.h>

namespace hermetic::tls {
namespace {

std::string failed(const std::string& path)
{
    return path + ": " + std::strerror(errno);
}

bool write_fully(int descriptor, std::string_view text)
{
    while (!text.empty()) {
        const ssize_t put = ::write(descriptor, text.data(), text.size());
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
}

// Before the sync, which is to cover it.
bool set_access(int descriptor, const FileAccess& access)
{
    if (access.owner && ::fchown(descriptor, access.owner->user, access.owner->group) != 0)
        return false;
    return ::fchmod(descriptor, access.mode) == 0;
}

bool sync_folder(const std::string& folder)
{
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return false;
    const bool synced = ::fsync(descriptor) == 0;
    const int error = errno;
    ::close(descriptor);
    errno = error;
    return synced;
}

}  // namespace

Result<void, std::string> write_durably(const std::string& path, std::string_view text,
                                        const FileAccess& access)
{
    std::string folder = std::filesystem::path{path}.parent_path();
    if (folder.empty()) folder = ".";
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return failure(folder + ": " + error.message());
    const std::string draft = path + ".new." + std::to_string(::getpid());
    ::unlink(draft.c_str());
    const int descriptor = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0) return failure(failed(draft));
    const bool written =
        write_fully(descriptor, text) && set_access(descriptor, access) && ::fsync(descriptor) == 0;
    auto why = written ? std::string{} : failed(draft);
    ::close(descriptor);
    if (written && ::rename(draft.c_str(), path.c_str()) != 0) why = failed(path);
    if (!why.empty()) {
        ::unlink(draft.c_str());
        return failure(why);
    }
    if (sync_folder(folder)) return {};
    return failure(failed(folder) + "; " + path +
                   " has been written, but may be lost in a power failure");
}

Result<void, std::string> write_durably(const std::string& path, std::string_view text,
                                        FileMode mode)
{
    return write_durably(path, text, FileAccess{static_cast<mode_t>(mode), std::nullopt});
}

}  // namespace hermetic::tls
