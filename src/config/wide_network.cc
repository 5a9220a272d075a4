#include "config/wide_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace hermetic::config {
namespace {

constexpr int kPrivate = 8;
constexpr int kPublic = 19;
constexpr int kV6 = 32;

bool is_private(const Network& network)
{
    constexpr std::array kBlocks{"10.0.0.0/8",    "172.16.0.0/12",  "192.168.0.0/16",
                                 "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8"};
    return std::any_of(kBlocks.begin(), kBlocks.end(), [&](const char* text) {
        const auto block = Network::parse(text);
        return block->contains(network.base()) && network.prefix_length() >= block->prefix_length();
    });
}

}  // namespace

bool is_everybody(const Network& network)
{
    return network.prefix_length() == 0;
}

bool is_wide(const Network& network)
{
    if (network.base().is_v6()) return network.prefix_length() < kV6;
    return network.prefix_length() < (is_private(network) ? kPrivate : kPublic);
}

std::string describe_size(const Network& network)
{
    const int bits = (network.base().is_v6() ? 128 : 32) - network.prefix_length();
    if (bits >= 64) return fmt::format("{} has 2^{} addresses", network.format(), bits);
    return fmt::format("{} has {} addresses", network.format(), std::uint64_t{1} << bits);
}

}  // namespace hermetic::config
