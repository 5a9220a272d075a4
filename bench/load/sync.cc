#include "load/sync.h"

#include "load/process.h"

#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace hermetic::load {
namespace {

[[noreturn]] void fail(const std::string& path)
{
    throw std::system_error(errno, std::generic_category(), path);
}

}  // namespace

SyncResult measure_sync(const SyncOptions& options)
{
    const std::string path = options.directory + "/sync." + std::to_string(getpid());
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) {
        fail(path);
    }
    unlink(path.c_str());
    SyncResult result;
    result.options = options;
    const std::vector<char> block(options.size, 'x');
    for (unsigned i = 0; i < options.count; ++i) {
        const std::int64_t begin = now_ns();
        if (write(file, block.data(), block.size()) != static_cast<ssize_t>(block.size())) {
            close(file);
            fail(path);
        }
        const std::int64_t written = now_ns();
        if (fdatasync(file) != 0) {
            close(file);
            fail(path);
        }
        const std::int64_t end = now_ns();
        result.sync.record(end - written);
        result.append_and_sync.record(end - begin);
    }
    close(file);
    return result;
}

}  // namespace hermetic::load
