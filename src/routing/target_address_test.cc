#include "routing/target_address.h"

#include "facts/reasons.h"

#include <gtest/gtest.h>

namespace hermetic::routing {
namespace {

using facts::Reason;

// None: it may be connected to.
Reason judge(std::string_view target, const TargetRules& rules = {},
             TargetSource source = TargetSource::Dns)
{
    return refuse_target(*Endpoint::parse(target), source, rules).value_or(Reason::None);
}

TEST(TargetAddress, JudgesWhatDnsGave)
{
    EXPECT_EQ(judge("192.0.2.1:25"), Reason::None);
    EXPECT_EQ(judge("[2001:db8::1]:25"), Reason::None);
    EXPECT_EQ(judge("127.0.0.1:25"), Reason::RouteTargetLoopback);
    EXPECT_EQ(judge("127.9.9.9:25"), Reason::RouteTargetLoopback);
    EXPECT_EQ(judge("[::1]:25"), Reason::RouteTargetLoopback);
    const Endpoint mapped{*IpAddress::parse("::ffff:127.0.0.1"), 25};
    EXPECT_EQ(refuse_target(mapped, TargetSource::Dns, {}), Reason::RouteTargetLoopback);
    EXPECT_EQ(judge("0.0.0.0:25"), Reason::RouteTargetUnspecified);
    EXPECT_EQ(judge("0.1.2.3:25"), Reason::RouteTargetUnspecified);
    EXPECT_EQ(judge("255.255.255.255:25"), Reason::RouteTargetUnspecified);
    EXPECT_EQ(judge("[::]:25"), Reason::RouteTargetUnspecified);
    EXPECT_EQ(judge("224.0.0.1:25"), Reason::RouteTargetMulticast);
    EXPECT_EQ(judge("[ff02::1]:25"), Reason::RouteTargetMulticast);
    EXPECT_EQ(judge("10.0.0.1:25"), Reason::RouteTargetPrivate);
    EXPECT_EQ(judge("169.254.169.254:80"), Reason::RouteTargetPrivate);
    EXPECT_EQ(judge("[fd00::1]:25"), Reason::RouteTargetPrivate);
}

// What an IPv6 address only carries is where the packet goes.
TEST(TargetAddress, CountsAsWhatItLeadsTo)
{
    EXPECT_EQ(judge("[64:ff9b::7f00:1]:25"), Reason::RouteTargetLoopback) << "NAT64";
    EXPECT_EQ(judge("[64:ff9b::a9fe:a9fe]:80"), Reason::RouteTargetPrivate);
    EXPECT_EQ(judge("[64:ff9b:1:a00:0:100:0:0]:25"), Reason::RouteTargetPrivate)
        << "RFC 8215: 10.0.0.1";
    EXPECT_EQ(judge("[64:ff9b::c000:201]:25"), Reason::None);
    EXPECT_EQ(judge("[2002:7f00:1::1]:25"), Reason::RouteTargetLoopback) << "6to4";
    EXPECT_EQ(judge("[2002:a00:1::1]:25"), Reason::RouteTargetPrivate);
    EXPECT_EQ(judge("[2002:c000:201::1]:25"), Reason::None);
    EXPECT_EQ(judge("[::127.0.0.1]:25"), Reason::RouteTargetLoopback) << "IPv4-compatible";
    EXPECT_EQ(judge("[::192.168.0.1]:25"), Reason::RouteTargetPrivate);
    EXPECT_EQ(judge("[::2]:25"), Reason::RouteTargetUnspecified) << "0.0.0.2";
    EXPECT_EQ(judge("[64:ff9b::e000:1]:25"), Reason::RouteTargetMulticast);
    const TargetRules own{true, true, {*Endpoint::parse("192.0.2.1:25")}};
    EXPECT_EQ(judge("[64:ff9b::c000:201]:25", own), Reason::RouteTargetOurselves);
    EXPECT_EQ(judge("[64:ff9b::c000:201]:26", own), Reason::None);
}

TEST(TargetAddress, SiteLocalAndSharedAddressesArePrivate)
{
    EXPECT_EQ(judge("[fec0::1]:25"), Reason::RouteTargetPrivate);
    EXPECT_EQ(judge("100.64.0.1:25"), Reason::RouteTargetPrivate);
    EXPECT_EQ(judge("[64:ff9b::6440:1]:25"), Reason::RouteTargetPrivate);
    EXPECT_EQ(judge("100.64.0.1:25", {.allow_private = true, .own = {}}), Reason::None);
}

TEST(TargetAddress, OptionsAllow)
{
    EXPECT_EQ(judge("127.0.0.1:25", {.allow_loopback = true, .own = {}}), Reason::None);
    EXPECT_EQ(judge("10.0.0.1:25", {.allow_private = true, .own = {}}), Reason::None);
}

TEST(TargetAddress, NeverOurselves)
{
    const TargetRules rules{true, true, {*Endpoint::parse("127.0.0.1:2525")}};
    EXPECT_EQ(judge("127.0.0.1:2525", rules), Reason::RouteTargetOurselves);
    EXPECT_EQ(judge("127.0.0.1:2526", rules), Reason::None);
    EXPECT_EQ(judge("127.0.0.1:2525", rules, TargetSource::Configured),
              Reason::RouteTargetOurselves);
}

TEST(TargetAddress, WhatWeConfiguredMayBeNear)
{
    EXPECT_EQ(judge("127.0.0.1:24", {}, TargetSource::Configured), Reason::None);
    EXPECT_EQ(judge("10.0.0.1:24", {}, TargetSource::Configured), Reason::None);
    EXPECT_EQ(judge("0.0.0.0:24", {}, TargetSource::Configured), Reason::RouteTargetUnspecified);
}

}  // namespace
}  // namespace hermetic::routing
