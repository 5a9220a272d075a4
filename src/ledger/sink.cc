#include "ledger/sink.h"

#include "core/assert.h"
#include "core/thread_name.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace hermetic::ledger {
namespace {

// How often it is tried again where nobody reads, or where something has been lost and not said.
constexpr std::chrono::milliseconds kAgain{200};

LossCause cause_of(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return LossCause::Full;
    case EPIPE:
    case ECONNRESET:
    case ENXIO:
        return LossCause::Closed;
    case EAGAIN:
        return LossCause::Unread;
    default:
        return LossCause::Failed;
    }
}

std::uint64_t lines_in(std::string_view text)
{
    return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

bool any(const Losses& losses)
{
    return std::any_of(losses.begin(), losses.end(), [](auto each) { return each != 0; });
}

constexpr int kFlags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
constexpr mode_t kMode = 0666;  // less the umask

}  // namespace

std::string_view name(LossCause cause)
{
    switch (cause) {
    case LossCause::Full:
        return "full";
    case LossCause::Closed:
        return "closed";
    case LossCause::Unread:
        return "unread";
    case LossCause::Failed:
        return "failed";
    }
    unreachable("every LossCause is named above");
}

Sink::Sink(std::string file, int fallback, FormatLosses format_losses)
    : file_{std::move(file)},
      fallback_{fallback},
      format_losses_{std::move(format_losses)},
      thread_{[this] {
          name_this_thread("log-sink");
          run();
      }}
{
}

Sink::~Sink()
{
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void Sink::write(std::string_view lines)
{
    std::unique_lock lock{mutex_};
    if (blocked_ && kept_ + incoming_.size() + lines.size() > kBuffer) {
        lose(LossCause::Unread, lines_in(lines));
        return;
    }
    incoming_ += lines;
    const std::uint64_t mine = ++added_;
    wake_.notify_one();
    done_.wait(lock, [&] { return taken_ >= mine || blocked_; });
}

void Sink::reopen()
{
    const std::lock_guard lock{mutex_};
    reopen_ = true;
}

Losses Sink::losses() const
{
    const std::lock_guard lock{mutex_};
    return losses_;
}

// With the lock.
void Sink::lose(LossCause cause, std::uint64_t lines)
{
    losses_[static_cast<std::size_t>(cause)] += lines;
    unsaid_[static_cast<std::size_t>(cause)] += lines;
}

void Sink::run()
{
    std::unique_lock lock{mutex_};
    for (bool last = false; !last;) {
        const auto woken = [this] { return stopping_ || !incoming_.empty(); };
        if (blocked_ || any(unsaid_)) {
            wake_.wait_for(lock, kAgain, woken);
        } else {
            wake_.wait(lock, woken);
        }
        last = stopping_;
        const bool anew = std::exchange(reopen_, false);
        if (pending_.empty()) begin_notice();
        pending_ += std::exchange(incoming_, {});
        const std::uint64_t until = added_;
        lock.unlock();
        if (anew) open();
        drain();
        lock.lock();
        taken_ = until;
        kept_ = pending_.size() - at_;
        done_.notify_all();
    }
    if (at_ < pending_.size()) {
        lock.unlock();
        lose_pending(LossCause::Unread);
    }
}

// With the lock: what has been lost is said before all else.
void Sink::begin_notice()
{
    if (!any(unsaid_)) return;
    noticed_ = std::exchange(unsaid_, Losses{});
    if (torn_) pending_ += '\n';
    pending_ += format_losses_(noticed_);
    notice_ = pending_.size();
}

void Sink::open()
{
    int error = 0;
    if (!file_.empty()) error = output_.open(file_);
    if (!file_.empty() && error == 0) return;
    output_.follow(fallback_);
    if (error == 0) return;
    const std::string words =
        "log.file: " + file_ + ": " + std::strerror(error) + "; the log goes to standard error\n";
    pending_ += words;
}

void Sink::on_written(std::size_t octets)
{
    at_ += octets;
    torn_ = pending_[at_ - 1] != '\n';
    if (notice_ != 0 && at_ >= notice_) {
        notice_ = 0;
        noticed_ = {};
    }
    if (at_ < pending_.size()) return;
    pending_.clear();
    at_ = 0;
}

void Sink::drain()
{
    bool patient = true;
    while (!pending_.empty()) {
        const auto wrote = output_.write(std::string_view{pending_}.substr(at_));
        if (wrote.octets > 0) {
            on_written(wrote.octets);
            patient = true;
            const std::lock_guard lock{mutex_};
            blocked_ = false;
            continue;
        }
        if (wrote.error == EINTR) continue;
        if (wrote.error != EAGAIN) {
            lose_pending(cause_of(wrote.error));
            return;
        }
        bool wait = false;
        {
            const std::lock_guard lock{mutex_};
            wait = std::exchange(patient, false) && !blocked_;
        }
        if (wait && output_.wait(kPatience)) continue;
        const std::lock_guard lock{mutex_};
        blocked_ = true;
        done_.notify_all();
        return;
    }
}

void Sink::lose_pending(LossCause cause)
{
    // A notice that was not written says what it says another time.
    const std::size_t from = std::max(at_, notice_);
    const std::uint64_t lines = lines_in(std::string_view{pending_}.substr(from));
    const std::lock_guard lock{mutex_};
    if (notice_ != 0) {
        for (std::size_t i = 0; i < kLossCauses; ++i) unsaid_[i] += noticed_[i];
    }
    lose(cause, lines);
    blocked_ = false;
    notice_ = at_ = 0;
    noticed_ = {};
    pending_.clear();
}

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
