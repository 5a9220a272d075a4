#include "queue/site.h"

#include <gtest/gtest.h>

namespace hermetic::queue {
namespace {

std::string site(const char* peer)
{
    const Site found = site_of(*IpAddress::parse(peer));
    return found ? found->format() : "";
}

TEST(Site, IsANetwork)
{
    EXPECT_EQ(site("198.51.100.7"), "198.51.100.0");
    EXPECT_EQ(site("198.51.101.7"), "198.51.101.0");
    EXPECT_EQ(site("2001:db8:1:2::3"), "2001:db8:1::");
}

TEST(Site, WhoIsNoStrangerHasNone)
{
    for (const char* peer : {"127.0.0.1", "::1", "10.1.2.3", "192.168.0.1", "fd00::1", "0.0.0.0"}) {
        EXPECT_EQ(site(peer), "") << peer;
    }
}

}  // namespace
}  // namespace hermetic::queue
