#include "daemon/ready.h"

#include <boost/json.hpp>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace hermetic::daemon {

std::string format_ready(const Ready& ready)
{
    boost::json::array listeners;
    for (const ReadyListener& each : ready.listeners) {
        listeners.push_back({{"name", each.name}, {"address", each.address.format()}});
    }
    boost::json::array metrics;
    for (const Endpoint& each : ready.metrics) metrics.emplace_back(each.format());
    return boost::json::serialize(boost::json::object{{"listeners", listeners},
                                                      {"admin", ready.admin},
                                                      {"metrics", metrics},
                                                      {"pid", ready.pid}});
}

bool write_ready_file(const std::string& path, const Ready& ready)
{
    const std::string fresh = path + ".new";
    {
        std::ofstream file{fresh, std::ios::trunc};
        file << format_ready(ready) << '\n';
        if (!file.flush()) return false;
    }
    std::error_code error;
    std::filesystem::rename(fresh, path, error);
    return !error;
}

void notify_service_manager(std::string_view state)
{
    const char* path = std::getenv("NOTIFY_SOCKET");
    if (path == nullptr || (path[0] != '/' && path[0] != '@')) return;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::size_t length = std::strlen(path);
    if (length >= sizeof address.sun_path) return;
    std::memcpy(address.sun_path, path, length);
    if (path[0] == '@') address.sun_path[0] = '\0';  // the abstract namespace
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return;
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
    ::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&address), size);
    ::close(socket);
}

}  // namespace hermetic::daemon
