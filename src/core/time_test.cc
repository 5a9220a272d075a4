#include "core/time.h"

#include <gtest/gtest.h>

namespace hermetic {
namespace {

using namespace std::chrono_literals;

TEST(Duration, IsReadAndShown)
{
    EXPECT_EQ(parse_duration("1h30m"), Duration{90min});
    EXPECT_EQ(parse_duration("250ms"), Duration{250ms});
    EXPECT_EQ(parse_duration("5d"), Duration{120h});
    EXPECT_EQ(format_duration(90min), "1h30m");
    EXPECT_EQ(format_duration(0s), "0s");
    for (const Duration each : {Duration{1ns}, Duration{36h + 1s}, Duration{999ms}}) {
        EXPECT_EQ(parse_duration(format_duration(each)), each);
    }
}

TEST(Duration, RefusesWhatItCannotBe)
{
    for (const char* bad :
         {"", "5", "m", "5 m", "-5m", "5y", "99999999999999999999s", "9999999999d"}) {
        EXPECT_FALSE(parse_duration(bad).has_value()) << bad;
    }
}

TEST(WallTime, IsShownAsTheRfcsAsk)
{
    const WallTime time{std::chrono::milliseconds{1'000'000'000'042}};
    EXPECT_EQ(format_rfc3339(time), "2001-09-09T01:46:40.042Z");
    EXPECT_EQ(format_rfc5322(time), "Sun, 09 Sep 2001 01:46:40 +0000");
}

}  // namespace
}  // namespace hermetic
