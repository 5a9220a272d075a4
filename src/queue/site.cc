#include "queue/site.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace hermetic::queue {
namespace {

template <std::size_t kSize>
std::array<std::uint8_t, kSize> beginning(const IpAddress& address, std::size_t octets)
{
    std::array<std::uint8_t, kSize> base{};
    const auto all = address.octets();
    std::copy_n(all.begin(), octets, base.begin());
    return base;
}

}  // namespace

Site site_of(const IpAddress& peer)
{
    if (peer.is_loopback() || peer.is_private() || peer.is_unspecified()) return std::nullopt;
    if (peer.is_v6()) return IpAddress::v6(beginning<16>(peer, 6));
    return IpAddress::v4(beginning<4>(peer, 3));
}

}  // namespace hermetic::queue
