#include "daemon/file_watch.h"

#include <sys/stat.h>

namespace hermetic::daemon {

FileWatch::Identity FileWatch::identify(const std::string& file)
{
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) return {};
    const auto ns = [](const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; };
    return {status.st_dev, status.st_ino, status.st_size, ns(status.st_mtim), ns(status.st_ctim)};
}

void FileWatch::watch(const std::vector<std::string>& files)
{
    std::map<std::string, Watched> watched;
    for (const std::string& file : files) {
        const Identity now = identify(file);
        watched[file] = {now, now};
    }
    files_ = std::move(watched);
}

void FileWatch::add(const std::vector<std::string>& files)
{
    for (const std::string& file : files) {
        const Identity now = identify(file);
        files_.try_emplace(file, Watched{now, now});
    }
}

std::vector<std::string> FileWatch::check()
{
    std::vector<std::string> changed;
    for (auto& [file, watched] : files_) {
        const Identity now = identify(file);
        const bool settled = now == watched.last;
        watched.last = now;
        if (!settled || now == watched.known) continue;
        watched.known = now;
        changed.push_back(file);
    }
    return changed;
}

}  // namespace hermetic::daemon
