#include "daemon/settings.h"

#include "daemon/listeners.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace hermetic::daemon {
namespace {

// Specification §2.2: targets that lead back to ourselves are refused, also where we listen at
// every address.
TEST(Settings, AListenerAtEveryAddressIsKnownByEachOfThem)
{
    const auto settings =
        make_delivery_settings({}, {*Endpoint::parse("0.0.0.0:2525")}, nullptr, nullptr);
    EXPECT_THAT(settings->own_endpoints, testing::Contains(*Endpoint::parse("127.0.0.1:2525")));
    EXPECT_THAT(settings->own_endpoints,
                testing::Not(testing::Contains(*Endpoint::parse("0.0.0.0:2525"))));
}

// docs/policy/delivery.md, "Why mail waits without an attempt".
TEST(Settings, ADestinationBacksOffAsRetryAfterSays)
{
    using std::chrono::minutes;
    objects::Organization organization;
    EXPECT_THAT(make_dispatcher_settings({}, organization).queue.back_off,
                testing::ElementsAre(minutes{1}, minutes{5}, minutes{15}, minutes{15}, minutes{30},
                                     minutes{60}));
    organization.retry_after = {minutes{2}, minutes{7}};
    EXPECT_THAT(make_dispatcher_settings({}, organization).queue.back_off,
                testing::ElementsAre(minutes{2}, minutes{7}));
}

TEST(Listeners, OnlyEveryAddressOfIpv6MayBeMissing)
{
    EXPECT_TRUE(lacks_ipv6(*Endpoint::parse("[::]:25"), EAFNOSUPPORT));
    EXPECT_TRUE(lacks_ipv6(*Endpoint::parse("[::]:25"), EADDRNOTAVAIL));
    EXPECT_FALSE(lacks_ipv6(*Endpoint::parse("[::]:25"), EADDRINUSE));
    EXPECT_FALSE(lacks_ipv6(*Endpoint::parse("[2001:db8::1]:25"), EADDRNOTAVAIL));
    EXPECT_FALSE(lacks_ipv6(*Endpoint::parse("0.0.0.0:25"), EADDRNOTAVAIL));
}

}  // namespace
}  // namespace hermetic::daemon
