#include "load/histogram.h"

#include "load/arrivals.h"

#include <gtest/gtest.h>

namespace hermetic::load {
namespace {

TEST(Histogram, TellsPercentilesWithinOnePercent)
{
    Histogram histogram;
    for (std::int64_t i = 1; i <= 100'000; ++i) {
        histogram.record(i * 1000);
    }
    EXPECT_EQ(histogram.count(), 100'000U);
    for (const double share : {0.01, 0.5, 0.9, 0.99}) {
        const double expected = share * 1e8;
        EXPECT_NEAR(static_cast<double>(histogram.percentile(share)), expected, expected / 100)
            << share;
    }
    EXPECT_EQ(histogram.max(), 100'000'000);
    EXPECT_LE(histogram.percentile(1), histogram.max());
}

TEST(Histogram, TakesWhatIsOutOfItsRange)
{
    Histogram histogram;
    histogram.record(-5);
    histogram.record(std::int64_t{1} << 62);
    EXPECT_EQ(histogram.percentile(0), 0);
    EXPECT_GT(histogram.percentile(1), std::int64_t{1} << 41);
}

TEST(Histogram, IsEmptyUntilSomethingIsRecorded)
{
    EXPECT_EQ(Histogram().percentile(0.5), 0);
}

TEST(Histogram, AddsUp)
{
    Histogram one;
    Histogram other;
    one.record(1'000);
    other.record(3'000'000);
    one.add(other);
    EXPECT_EQ(one.count(), 2U);
    EXPECT_EQ(one.max(), 3'000'000);
    EXPECT_NEAR(static_cast<double>(one.percentile(0)), 1'000, 10);
}

TEST(Arrivals, RateOfTheMiddleLeavesOutAStartAndAnEndThatAreSlow)
{
    constexpr std::int64_t kMillisecond = 1'000'000;
    Arrivals arrivals(0);
    arrivals.record(0);
    for (std::int64_t i = 0; i < 2000; ++i) {
        arrivals.record((1000 + i) * kMillisecond);
    }
    arrivals.record(10'000 * kMillisecond);
    EXPECT_NEAR(arrivals.rate(), 200, 1);
    EXPECT_NEAR(arrivals.steady_rate(), 1000, 10);
    EXPECT_EQ(arrivals.first(), 0);
    EXPECT_EQ(arrivals.last(), 10'000 * kMillisecond);
}

TEST(Arrivals, ShortRunsHaveTheRateOfTheWhole)
{
    Arrivals arrivals(0);
    arrivals.record(0);
    arrivals.record(1'000'000);
    EXPECT_DOUBLE_EQ(arrivals.steady_rate(), 1000);
    EXPECT_DOUBLE_EQ(Arrivals(0).steady_rate(), 0);
}

TEST(Arrivals, AddUpOverThreads)
{
    Arrivals one(100);
    Arrivals other(100);
    other.record(5'000'000'100);
    one.add(other);
    EXPECT_EQ(one.first(), 5'000'000'100);
    other.record(7'000'000'100);
    one.add(other);
    EXPECT_EQ(one.count(), 3U);
    EXPECT_EQ(one.last(), 7'000'000'100);
}

}  // namespace
}  // namespace hermetic::load
