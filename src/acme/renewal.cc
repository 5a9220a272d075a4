#include "acme/renewal.h"

#include "core/text.h"

#include <algorithm>

namespace hermetic::acme {
namespace {

constexpr Duration kFirstWait = std::chrono::minutes{5};
constexpr Duration kLongestWait = std::chrono::hours{8};

std::vector<std::string> sorted(const std::vector<std::string>& domains)
{
    std::vector<std::string> names;
    for (const std::string& each : domains) names.push_back(to_lower(each));
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

}  // namespace

WallTime due_at(const std::optional<facts::CertificateFacts>& certificate,
                const std::vector<std::string>& domains, WallTime now)
{
    if (!certificate || sorted(certificate->dns_names) != sorted(domains)) return now;
    const auto lifetime = certificate->not_after - certificate->not_before;
    return certificate->not_after - lifetime / 3;
}

Duration wait_after(std::uint32_t failures)
{
    Duration wait = kFirstWait;
    for (std::uint32_t i = 1; i < failures && wait < kLongestWait; ++i) wait *= 2;
    return std::min(wait, kLongestWait);
}

}  // namespace hermetic::acme
