#include "net/local_addresses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::net {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

TEST(LocalAddresses, HaveTheLoopbackAddress)
{
    EXPECT_THAT(local_addresses(), Contains(*IpAddress::parse("127.0.0.1")));
}

TEST(LocalAddresses, StandForTheWildcardsOfTheirFamily)
{
    const std::vector<IpAddress> local{*IpAddress::parse("192.0.2.1"),
                                       *IpAddress::parse("2001:db8::1")};
    const auto expand = [&](std::vector<std::string> listening) {
        std::vector<Endpoint> endpoints;
        for (const auto& each : listening) endpoints.push_back(*Endpoint::parse(each));
        std::vector<std::string> texts;
        for (const auto& each : expand_wildcards(endpoints, local)) texts.push_back(each.format());
        return texts;
    };
    EXPECT_THAT(expand({"0.0.0.0:25"}), ElementsAre("192.0.2.1:25"));
    EXPECT_THAT(expand({"[::]:2525"}), ElementsAre("[2001:db8::1]:2525"));
    EXPECT_THAT(expand({"198.51.100.7:25", "0.0.0.0:26"}),
                ElementsAre("198.51.100.7:25", "192.0.2.1:26"));
}

}  // namespace
}  // namespace hermetic::net
