#include "outbound/remembered_hosts.h"

#include <algorithm>
#include <tuple>

namespace hermetic::outbound {

std::vector<RememberedHost> merge(std::vector<RememberedHost> all)
{
    const auto key = [](const RememberedHost& each) {
        return std::tie(each.host, each.what, each.policy);
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
