#include "core/ip.h"

#include <gtest/gtest.h>

namespace hermetic {
namespace {

IpAddress ip(const char* text)
{
    return *IpAddress::parse(text);
}

TEST(IpAddress, MappedAddressesAreIpv4)
{
    EXPECT_EQ(ip("::ffff:192.0.2.1"), ip("192.0.2.1"));
    EXPECT_TRUE(ip("::ffff:127.0.0.1").is_loopback());
}

TEST(IpAddress, KnowsItsKind)
{
    EXPECT_TRUE(ip("127.20.0.9").is_loopback());
    EXPECT_TRUE(ip("::1").is_loopback());
    EXPECT_TRUE(ip("172.31.0.1").is_private());
    EXPECT_TRUE(ip("fe80::1").is_private());
    EXPECT_TRUE(ip("fec0::1").is_private())
        << "site-local, deprecated by RFC 3879 and still inside";
    EXPECT_TRUE(ip("100.64.0.1").is_private()) << "a carrier's inside, RFC 6598";
    EXPECT_TRUE(ip("100.127.255.255").is_private());
    EXPECT_FALSE(ip("100.128.0.1").is_private());
    EXPECT_FALSE(ip("192.0.2.1").is_private());
    EXPECT_TRUE(ip("0.0.0.0").is_unspecified());
    EXPECT_TRUE(ip("::").is_unspecified());
    EXPECT_TRUE(ip("224.0.0.1").is_multicast());
    EXPECT_TRUE(ip("ff02::1").is_multicast());
}

TEST(IpAddress, RefusesOtherSpellings)
{
    for (const char* bad :
         {"", "1.2.3", "1.2.3.4.5", "01.2.3.256", "[::1]", "fe80::1%eth0", "localhost"}) {
        EXPECT_FALSE(IpAddress::parse(bad).has_value()) << bad;
    }
}

TEST(IpAddress, RoundTrips)
{
    for (const char* text : {"0.0.0.0", "192.0.2.1", "10.100.9.99", "255.255.255.255",
                             "::", "2001:db8::1", "2001:db8:1:2:3:4:5:6"}) {
        EXPECT_EQ(IpAddress::parse(text)->format(), text);
    }
}

TEST(Endpoint, RoundTrips)
{
    for (const char* text : {"192.0.2.1:25", "[2001:db8::1]:587"}) {
        EXPECT_EQ(Endpoint::parse(text)->format(), text);
    }
    for (const char* bad :
         {"192.0.2.1", "2001:db8::1:25", "192.0.2.1:65536", "[192.0.2.1]:25", ":25"}) {
        EXPECT_FALSE(Endpoint::parse(bad).has_value()) << bad;
    }
}

TEST(Network, ContainsItsAddresses)
{
    EXPECT_TRUE(Network::parse("192.0.2.0/24")->contains(ip("192.0.2.255")));
    EXPECT_FALSE(Network::parse("192.0.2.0/25")->contains(ip("192.0.2.128")));
    EXPECT_TRUE(Network::parse("2001:db8::/33")->contains(ip("2001:db8:7fff::1")));
    EXPECT_FALSE(Network::parse("2001:db8::/33")->contains(ip("2001:db8:8000::1")));
    EXPECT_TRUE(Network::parse("0.0.0.0/0")->contains(ip("198.51.100.1")));
    EXPECT_FALSE(Network::parse("0.0.0.0/0")->contains(ip("2001:db8::1")));
    EXPECT_EQ(Network::parse("192.0.2.7")->prefix_length(), 32);
}

TEST(Network, RefusesHostBits)
{
    for (const char* bad :
         {"192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/-1", "2001:db8::1/64"}) {
        EXPECT_FALSE(Network::parse(bad).has_value()) << bad;
    }
}

}  // namespace
}  // namespace hermetic
