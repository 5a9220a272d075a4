#include "ledger/output.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace hermetic::ledger {
namespace {

constexpr int kFlags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
constexpr mode_t kMode = 0666;  // less the umask

}  // namespace

Output::~Output()
{
    close();
}

Output::Output(Output&& other) noexcept
    : descriptor_{std::exchange(other.descriptor_, -1)},
      is_socket_{other.is_socket_},
      may_block_{other.may_block_}
{
}

Output& Output::operator=(Output&& other) noexcept
{
    std::swap(descriptor_, other.descriptor_);
    std::swap(is_socket_, other.is_socket_);
    std::swap(may_block_, other.may_block_);
    return *this;
}

void Output::close()
{
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
}

int Output::open(const std::string& file)
{
    close();
    is_socket_ = may_block_ = false;
    descriptor_ = ::open(file.c_str(), kFlags | O_CREAT, kMode);
    return descriptor_ < 0 ? errno : 0;
}

void Output::follow(int descriptor)
{
    close();
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) return;
    is_socket_ = S_ISSOCK(status.st_mode);
    // A file's place to write at is shared with whoever else has the description; a pipe has none.
    if (S_ISFIFO(status.st_mode)) {
        const std::string same = "/proc/self/fd/" + std::to_string(descriptor);
        descriptor_ = ::open(same.c_str(), kFlags);
    }
    may_block_ = descriptor_ < 0 && !S_ISREG(status.st_mode);
    if (descriptor_ < 0) descriptor_ = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
}

Output::Wrote Output::write(std::string_view text)
{
    if (is_socket_) {
        const auto sent =
            ::send(descriptor_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0) return {static_cast<std::size_t>(sent), 0};
        return {0, errno};
    }
    if (may_block_) {
        // A pipe that can be written to takes this much.
        if (!wait(std::chrono::milliseconds{0})) return {0, EAGAIN};
        text = text.substr(0, PIPE_BUF);
    }
    const auto put = ::write(descriptor_, text.data(), text.size());
    if (put >= 0) return {static_cast<std::size_t>(put), 0};
    return {0, errno};
}

bool Output::wait(std::chrono::milliseconds at_most)
{
    pollfd asked{descriptor_, POLLOUT, 0};
    return ::poll(&asked, 1, static_cast<int>(at_most.count())) > 0;
}

}  // namespace hermetic::ledger
