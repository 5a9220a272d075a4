#include "daemon/descriptors.h"

#include "config/faults.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <thread>

namespace hermetic::daemon {
namespace {

// Tables and log of the spool, databases, logs, listeners, the control socket and its clients,
// files that are read for a reload.
constexpr std::uint64_t kOwn = 256 + 64 + 64;
constexpr std::uint64_t kOfCore = 8;  // loop, timer, wake-up, resolver
// The connection, and the body that is written or read beside it.
constexpr std::uint64_t kOfSession = 2;
constexpr std::uint64_t kOfDelivery = 2;
constexpr std::uint32_t kFewest = 16;

std::uint64_t own_descriptors(const config::NodeOptions& options)
{
    const std::uint64_t cores =
        options.cores != 0 ? options.cores : std::max(1U, std::thread::hardware_concurrency());
    std::uint64_t listening = 0;
    for (const auto& each : options.listeners) listening += 2 * each.addresses.size();
    return kOwn + kOfCore * (cores + 1) + listening;
}

std::uint32_t share(std::uint64_t descriptors, std::uint64_t of_one)
{
    const std::uint64_t most = descriptors / of_one;
    return std::max(kFewest, static_cast<std::uint32_t>(std::min<std::uint64_t>(most, 1'000'000)));
}

}  // namespace

std::uint64_t descriptor_limit()
{
    rlimit limit{};
    return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : 1024;
}

std::uint64_t raise_descriptor_limit()
{
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

void fit_descriptors(std::uint64_t descriptors, const config::Node& document,
                     const std::string& file, config::NodeOptions& options,
                     config::Diagnostics& warnings)
{
    config::Faults faults{document, file, warnings};
    const std::uint64_t own = own_descriptors(options);
    const std::uint64_t left = descriptors > own ? descriptors - own : 0;
    const auto lower = [&](const char* section, const char* key, std::uint32_t most,
                           std::uint32_t& wanted) {
        if (wanted <= most) return;
        faults.add(section, key,
                   fmt::format("it is {}, and the system's limit of {} open files leaves room for "
                               "{}, which is used instead",
                               wanted, descriptors, most),
                   "a higher LimitNOFILE= of the service or `ulimit -n`, or this number");
        wanted = most;
    };
    // At most a third for deliveries, so that sessions cannot take it.
    lower("delivery", "connections", share(left / 3, kOfDelivery), options.delivery.connections);
    const std::uint64_t deliveries = kOfDelivery * options.delivery.connections;
    lower("limits", "sessions", share(left > deliveries ? left - deliveries : 0, kOfSession),
          options.limits.sessions);
}

}  // namespace hermetic::daemon
