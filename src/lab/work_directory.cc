#include "lab/work_directory.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace hermetic::lab {

namespace fs = std::filesystem;

Result<fs::path, std::string> make_work_directory()
{
    std::error_code error;
    const fs::path base = fs::temp_directory_path(error);
    if (error) return failure(error.message());
    std::string pattern = base / "hermetic-lab-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) return failure(std::string{std::strerror(errno)});
    return fs::path{pattern};
}

Result<fs::path, std::string> use_work_directory(const std::string& path)
{
    std::error_code error;
    fs::path absolute = fs::absolute(path, error);
    if (!error) fs::create_directories(absolute, error);
    if (error) return failure(error.message());
    return absolute;
}

bool write_text(const fs::path& path, const std::string& text)
{
    std::ofstream file{path, std::ios::binary | std::ios::trunc};
    file << text;
    return file.flush().good();
}

StopSignals::StopSignals()
{
    sigemptyset(&stopping_);
    sigaddset(&stopping_, SIGINT);
    sigaddset(&stopping_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stopping_, &before_);
}

StopSignals::~StopSignals()
{
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void StopSignals::wait() const
{
    int signal = 0;
    sigwait(&stopping_, &signal);
}

bool StopSignals::wait_for(std::chrono::milliseconds time) const
{
    timespec limit{};
    limit.tv_sec = static_cast<time_t>(time.count() / 1000);
    limit.tv_nsec = static_cast<long>(time.count() % 1000 * 1'000'000);
    int got = 0;
    do {
        got = sigtimedwait(&stopping_, nullptr, &limit);
    } while (got < 0 && errno == EINTR);
    return got > 0;
}

}  // namespace hermetic::lab
