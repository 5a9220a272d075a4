#include "config/wide_network.h"

#include <gtest/gtest.h>

namespace hermetic::config {
namespace {

TEST(WideNetwork, PrivatePublicAndIpv6HaveTheirOwnBounds)
{
    for (const char* text :
         {"0.0.0.0/0", "0.0.0.0/1", "10.0.0.0/7", "192.0.0.0/8", "172.0.0.0/8", "203.0.64.0/18",
          "192.168.0.0/15", "::/0", "2000::/3", "2001:d00::/24", "2001:db8::/31", "fc00::/7"})
        EXPECT_TRUE(is_wide(*Network::parse(text))) << text;
    for (const char* text :
         {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "203.0.96.0/19",
          "192.0.2.0/24", "192.0.2.1", "2001:db8::/32", "2001:db8:1::/48", "::1"})
        EXPECT_FALSE(is_wide(*Network::parse(text))) << text;
    EXPECT_TRUE(is_everybody(*Network::parse("::/0")));
    EXPECT_FALSE(is_everybody(*Network::parse("0.0.0.0/1")));
    EXPECT_EQ(describe_size(*Network::parse("203.0.112.0/20")),
              "203.0.112.0/20 has 4096 addresses");
    EXPECT_EQ(describe_size(*Network::parse("2000::/3")), "2000::/3 has 2^125 addresses");
}

}  // namespace
}  // namespace hermetic::config
