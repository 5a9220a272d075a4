#include "daemon/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace hermetic::daemon
