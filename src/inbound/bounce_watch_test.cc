#include "inbound/bounce_watch.h"

#include <gtest/gtest.h>

namespace hermetic::inbound {
namespace {

using std::chrono::minutes;

TEST(BounceWatch, AddressesAreReadBackWithoutCase)
{
    EXPECT_EQ(test_sender("01ABC"), "connector-test-01abc");
    EXPECT_EQ(token_of("Connector-Test-01ABC"), "01abc");
    for (const auto* local : {"connector-test-", "connector-test-a.b", "connector-test",
                              "postmaster", "connector-test-a+b", "xconnector-test-a"}) {
        EXPECT_FALSE(token_of(local)) << local;
    }
    EXPECT_FALSE(token_of("connector-test-" + std::string(60, 'a')));
}

TEST(BounceWatch, WhatIsExpectedIsKeptOnceAndTaken)
{
    BounceWatch watch;
    const WallTime now{};
    EXPECT_FALSE(watch.is_expected("a", now));
    watch.note({"a", "nobody waits"}, now);
    ASSERT_TRUE(watch.expect("A", now, now + minutes{2}));
    EXPECT_TRUE(watch.is_expected("a", now));
    EXPECT_FALSE(watch.take("A"));
    watch.note({"a", "first"}, now);
    watch.note({"a", "second"}, now);
    EXPECT_EQ(watch.take("A"), "first");
    EXPECT_FALSE(watch.take("A"));
    watch.forget("A");
    EXPECT_FALSE(watch.is_expected("a", now));
}

TEST(BounceWatch, TimeAndNumberAreBounded)
{
    BounceWatch watch;
    const WallTime now{};
    for (std::size_t i = 0; i < BounceWatch::kMaxWaiting; ++i)
        EXPECT_TRUE(watch.expect("a" + std::to_string(i), now, now + minutes{2}));
    EXPECT_FALSE(watch.expect("more", now, now + minutes{2}));
    EXPECT_FALSE(watch.is_expected("a0", now + minutes{2}));
    EXPECT_TRUE(watch.expect("more", now + minutes{2}, now + minutes{4}));
    watch.note({"more", std::string(BounceWatch::kMaxOctets + 1, 'x')}, now + minutes{3});
    EXPECT_EQ(watch.take("more")->size(), BounceWatch::kMaxOctets);
    watch.note({"more", "late"}, now + minutes{4});
    EXPECT_FALSE(watch.take("more"));
}

}  // namespace
}  // namespace hermetic::inbound
