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

TEST(WallTime, IsReadAsItIsShown)
{
    const WallTime time{std::chrono::milliseconds{1'000'000'000'042}};
    EXPECT_EQ(parse_rfc3339(format_rfc3339(time)), time);
    EXPECT_EQ(parse_rfc3339("2001-09-09T01:46:40Z"), WallTime{std::chrono::seconds{1'000'000'000}});
    for (const char* bad :
         {"", "2001-09-09", "2001-02-30T00:00:00Z", "2001-09-09T24:00:00Z", "2001-09-09T01:60:00Z",
          "2001-09-09 01:46:40Z", "2001-09-09T01:46:40+00:00", "2001-09-09T01:46:4xZ",
          "2001-09-09T01:46:40.0Z"}) {
        EXPECT_FALSE(parse_rfc3339(bad).has_value()) << bad;
    }
}

}  // namespace
}  // namespace hermetic
