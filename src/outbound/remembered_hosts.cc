#include "outbound/remembered_hosts.h"

#include <algorithm>
#include <tuple>

namespace hermetic::outbound {

namespace {

// An endpoint as people write it: an address with brackets or without, with its port or without.
struct Written {
    std::string_view host;
    std::string_view port;  // empty: none is said
};

Written read_written(std::string_view text)
{
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return {text, {}};
        const auto rest = text.substr(end + 1);
        return {text.substr(1, end - 1), rest.starts_with(':') ? rest.substr(1) : rest};
    }
    const auto colon = text.find(':');
    // More than one: an IPv6 address without brackets, which has no port.
    if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos)
        return {text, {}};
    return {text.substr(0, colon), text.substr(colon + 1)};
}

}  // namespace

bool is_of(std::string_view endpoint, std::string_view host)
{
    if (host.empty() || endpoint == host) return true;
    const Written one = read_written(endpoint);
    const Written meant = read_written(host);
    return one.host == meant.host && (meant.port.empty() || one.port == meant.port);
}

std::vector<RememberedHost> merge(std::vector<RememberedHost> all)
{
    const auto key = [](const RememberedHost& each) {
        return std::tie(each.host, each.what, each.policy, each.destination);
    };
    std::sort(all.begin(), all.end(), [&](const RememberedHost& one, const RememberedHost& other) {
        if (key(one) != key(other)) return key(one) < key(other);
        return one.left > other.left;  // the longest stays
    });
    const auto same = [&](const RememberedHost& one, const RememberedHost& other) {
        return key(one) == key(other);
    };
    all.erase(std::unique(all.begin(), all.end(), same), all.end());
    return all;
}

}  // namespace hermetic::outbound
