#include "net/local_addresses.h"

#include "net/address.h"

#include <boost/asio/ip/tcp.hpp>
#include <netinet/in.h>

#include <cstring>
#include <ifaddrs.h>
#include <memory>

namespace hermetic::net {

std::vector<IpAddress> local_addresses()
{
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) return {};
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> all{first, &::freeifaddrs};
    std::vector<IpAddress> addresses;
    for (const ifaddrs* each = first; each != nullptr; each = each->ifa_next) {
        if (each->ifa_addr == nullptr) continue;
        boost::asio::ip::tcp::endpoint endpoint;
        if (each->ifa_addr->sa_family == AF_INET) {
            endpoint.resize(sizeof(sockaddr_in));
            std::memcpy(endpoint.data(), each->ifa_addr, sizeof(sockaddr_in));
        } else if (each->ifa_addr->sa_family == AF_INET6) {
            endpoint.resize(sizeof(sockaddr_in6));
            std::memcpy(endpoint.data(), each->ifa_addr, sizeof(sockaddr_in6));
        } else {
            continue;
        }
        addresses.push_back(from_asio(endpoint).address);
    }
    return addresses;
}

std::vector<Endpoint> expand_wildcards(const std::vector<Endpoint>& listening,
                                       const std::vector<IpAddress>& local)
{
    std::vector<Endpoint> reached;
    for (const Endpoint& endpoint : listening) {
        if (!endpoint.address.is_unspecified()) {
            reached.push_back(endpoint);
            continue;
        }
        for (const IpAddress& address : local) {
            if (address.is_v6() != endpoint.address.is_v6()) continue;
            reached.push_back({address, endpoint.port});
        }
    }
    return reached;
}

}  // namespace hermetic::net
