#include "outbound/remembered_hosts.h"

#include "outbound/host_memory.h"

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

TEST(RememberedHosts, AHostIsMeantWithOrWithoutBracketsAndPort)
{
    struct Row {
        const char* endpoint;
        const char* host;
        bool meant;
    };
    for (const Row& row :
         {Row{"192.0.2.1:25", "192.0.2.1", true}, Row{"[192.0.2.1]:25", "192.0.2.1", true},
          Row{"192.0.2.1:25", "[192.0.2.1]:25", true}, Row{"192.0.2.1:25", "192.0.2.1:26", false},
          Row{"192.0.2.1:25", "192.0.2", false}, Row{"[2001:db8::1]:25", "2001:db8::1", true},
          Row{"[2001:db8::1]:25", "[2001:db8::1]", true},
          Row{"[2001:db8::1]:25", "2001:db8:", false}, Row{"mx.a.test:25", "mx.a.test", true},
          Row{"mx.a.test:25", "mx.a.test:25", true}, Row{"mx.a.test:25", "a.test", false},
          Row{"[2001:db8::1", "2001:db8::1", false}, Row{"/run/lmtp", "/run/lmtp", true},
          Row{"/run/lmtp", "/run", false}, Row{"mx.a.test:25", "", true}}) {
        EXPECT_EQ(is_of(row.endpoint, row.host), row.meant) << row.endpoint << ' ' << row.host;
    }
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
