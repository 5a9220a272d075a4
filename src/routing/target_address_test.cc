#include "routing/target_address.h"

#include <gtest/gtest.h>

namespace hermetic::routing {
namespace {

std::string judge(std::string_view target, const TargetRules& rules = {},
                  TargetSource source = TargetSource::Dns)
{
    const auto refused = refuse_target(*Endpoint::parse(target), source, rules);
    if (refused) {
        EXPECT_NE(describe_refused_target(*refused), "the address is refused");
    }
    return refused ? std::string{*refused} : "ok";
}

TEST(TargetAddress, JudgesWhatDnsGave)
{
    EXPECT_EQ(judge("192.0.2.1:25"), "ok");
    EXPECT_EQ(judge("[2001:db8::1]:25"), "ok");
    EXPECT_EQ(judge("127.0.0.1:25"), "route.target-loopback");
    EXPECT_EQ(judge("127.9.9.9:25"), "route.target-loopback");
    EXPECT_EQ(judge("[::1]:25"), "route.target-loopback");
    const Endpoint mapped{*IpAddress::parse("::ffff:127.0.0.1"), 25};
    EXPECT_EQ(refuse_target(mapped, TargetSource::Dns, {}), "route.target-loopback");
    EXPECT_EQ(judge("0.0.0.0:25"), "route.target-unspecified");
    EXPECT_EQ(judge("0.1.2.3:25"), "route.target-unspecified");
    EXPECT_EQ(judge("255.255.255.255:25"), "route.target-unspecified");
    EXPECT_EQ(judge("[::]:25"), "route.target-unspecified");
    EXPECT_EQ(judge("224.0.0.1:25"), "route.target-multicast");
    EXPECT_EQ(judge("[ff02::1]:25"), "route.target-multicast");
    EXPECT_EQ(judge("10.0.0.1:25"), "route.target-private");
    EXPECT_EQ(judge("169.254.169.254:80"), "route.target-private");
    EXPECT_EQ(judge("[fd00::1]:25"), "route.target-private");
}

// What an IPv6 address only carries is where the packet goes.
TEST(TargetAddress, CountsAsWhatItLeadsTo)
{
    EXPECT_EQ(judge("[64:ff9b::7f00:1]:25"), "route.target-loopback") << "NAT64";
    EXPECT_EQ(judge("[64:ff9b::a9fe:a9fe]:80"), "route.target-private");
    EXPECT_EQ(judge("[64:ff9b:1:a00:0:100:0:0]:25"), "route.target-private")
        << "RFC 8215: 10.0.0.1";
    EXPECT_EQ(judge("[64:ff9b::c000:201]:25"), "ok");
    EXPECT_EQ(judge("[2002:7f00:1::1]:25"), "route.target-loopback") << "6to4";
    EXPECT_EQ(judge("[2002:a00:1::1]:25"), "route.target-private");
    EXPECT_EQ(judge("[2002:c000:201::1]:25"), "ok");
    EXPECT_EQ(judge("[::127.0.0.1]:25"), "route.target-loopback") << "IPv4-compatible";
    EXPECT_EQ(judge("[::192.168.0.1]:25"), "route.target-private");
    EXPECT_EQ(judge("[::2]:25"), "route.target-unspecified") << "0.0.0.2";
    EXPECT_EQ(judge("[64:ff9b::e000:1]:25"), "route.target-multicast");
    const TargetRules own{true, true, {*Endpoint::parse("192.0.2.1:25")}};
    EXPECT_EQ(judge("[64:ff9b::c000:201]:25", own), "route.target-ourselves");
    EXPECT_EQ(judge("[64:ff9b::c000:201]:26", own), "ok");
}

TEST(TargetAddress, SiteLocalAndSharedAddressesArePrivate)
{
    EXPECT_EQ(judge("[fec0::1]:25"), "route.target-private");
    EXPECT_EQ(judge("100.64.0.1:25"), "route.target-private");
    EXPECT_EQ(judge("[64:ff9b::6440:1]:25"), "route.target-private");
    EXPECT_EQ(judge("100.64.0.1:25", {.allow_private = true, .own = {}}), "ok");
}

TEST(TargetAddress, OptionsAllow)
{
    EXPECT_EQ(judge("127.0.0.1:25", {.allow_loopback = true, .own = {}}), "ok");
    EXPECT_EQ(judge("10.0.0.1:25", {.allow_private = true, .own = {}}), "ok");
}

TEST(TargetAddress, NeverOurselves)
{
    const TargetRules rules{true, true, {*Endpoint::parse("127.0.0.1:2525")}};
    EXPECT_EQ(judge("127.0.0.1:2525", rules), "route.target-ourselves");
    EXPECT_EQ(judge("127.0.0.1:2526", rules), "ok");
    EXPECT_EQ(judge("127.0.0.1:2525", rules, TargetSource::Configured), "route.target-ourselves");
}

TEST(TargetAddress, WhatWeConfiguredMayBeNear)
{
    EXPECT_EQ(judge("127.0.0.1:24", {}, TargetSource::Configured), "ok");
    EXPECT_EQ(judge("10.0.0.1:24", {}, TargetSource::Configured), "ok");
    EXPECT_EQ(judge("0.0.0.0:24", {}, TargetSource::Configured), "route.target-unspecified");
}

}  // namespace
}  // namespace hermetic::routing
