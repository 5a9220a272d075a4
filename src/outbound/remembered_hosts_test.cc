#include "outbound/remembered_hosts.h"

#include "outbound/dead_hosts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::outbound {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;

TEST(RememberedHosts, WhatSeveralCoresRememberIsToldOnce)
{
    const RememberedHost dead{"192.0.2.1:25", "unreachable", "", minutes{1}};
    RememberedHost longer = dead;
    longer.left = minutes{3};
    const RememberedHost step{"mx.a.test:25", "lower-version", "opportunistic", minutes{9}};
    EXPECT_THAT(merge({step, dead, longer}), ElementsAre(longer, step));
}

TEST(DeadHosts, AreListedAndForgottenByHost)
{
    DeadHosts dead;
    const Instant now{minutes{10}};
    dead.mark("192.0.2.1:25", now + minutes{1}, now);
    dead.mark("192.0.2.1:26", now + minutes{2}, now);
    dead.mark("[2001:db8::1]:25", now + minutes{3}, now);
    dead.mark("/run/lmtp", now + minutes{4}, now);
    EXPECT_EQ(dead.list(now + minutes{1}).size(), 3U);
    EXPECT_EQ(dead.forget_host("192.0.2.1"), 2U);
    EXPECT_EQ(dead.forget_host("[2001:db8::1]:25"), 1U);
    EXPECT_EQ(dead.forget_host("/run"), 0U);
    EXPECT_EQ(dead.forget_host(""), 1U);
    EXPECT_TRUE(dead.empty());
}

}  // namespace
}  // namespace hermetic::outbound
