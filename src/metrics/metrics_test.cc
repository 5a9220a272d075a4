#include "metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::metrics {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(Metrics, AreShownInPrometheusTextFormat)
{
    Metrics metrics;
    metrics.add(Metric::AttemptsDelivered, 3);
    metrics.set(Metric::QueueMessages, 7);
    const std::string text = metrics.format();
    EXPECT_NE(text.find("# TYPE hermetic_attempts_total counter\n"
                        "hermetic_attempts_total{outcome=\"delivered\"} 3\n"),
              std::string::npos);
    EXPECT_NE(text.find("# TYPE hermetic_queue_messages gauge\nhermetic_queue_messages 7\n"),
              std::string::npos);
}

TEST(Metrics, DeclareEachNameOnce)
{
    const std::string text = Metrics{}.format();
    const auto first = text.find("# TYPE hermetic_messages_total ");
    ASSERT_NE(first, std::string::npos);
    EXPECT_EQ(text.find("# TYPE hermetic_messages_total ", first + 1), std::string::npos);
}

TEST(Metrics, ADurationFallsIntoItsBucketAndAllAbove)
{
    Metrics metrics;
    metrics.observe(Histogram::Attempt,
                    std::chrono::milliseconds{5});  // a bound belongs to its bucket
    metrics.observe(Histogram::Attempt, std::chrono::microseconds{5'001});
    metrics.observe(Histogram::Attempt, std::chrono::hours{1});
    metrics.observe(Histogram::Attempt,
                    std::chrono::microseconds{-7});  // a clock that was set back
    const std::string text = metrics.format();
    EXPECT_THAT(text, HasSubstr("# TYPE hermetic_attempt_seconds histogram\n"
                                "hermetic_attempt_seconds_bucket{le=\"0.001\"} 1\n"
                                "hermetic_attempt_seconds_bucket{le=\"0.002\"} 1\n"
                                "hermetic_attempt_seconds_bucket{le=\"0.005\"} 2\n"
                                "hermetic_attempt_seconds_bucket{le=\"0.01\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("hermetic_attempt_seconds_bucket{le=\"300\"} 3\n"
                                "hermetic_attempt_seconds_bucket{le=\"+Inf\"} 4\n"
                                "hermetic_attempt_seconds_sum 3600.010001\n"
                                "hermetic_attempt_seconds_count 4\n"));
}

TEST(Metrics, AFamilyHasASeriesForEachOfItsLabels)
{
    Metrics metrics;
    metrics.count(Family::AttemptReasons, {"deferred", "starttls.not-offered"});
    metrics.count(Family::AttemptReasons, {"deferred", "starttls.not-offered"});
    metrics.count(Family::ConnectorAttempts, {"Us", "the \"bank\" \\ one\n", "delivered"});
    metrics.count(Family::ConnectorAttempts, {"Others", "the bank", "delivered"}, 3);
    EXPECT_THAT(metrics.format(),
                AllOf(HasSubstr("hermetic_attempt_reasons_total{outcome=\"deferred\","
                                "reason=\"starttls.not-offered\"} 2\n"),
                      HasSubstr("hermetic_connector_attempts_total{organization=\"Us\","
                                "connector=\"the \\\"bank\\\" \\\\ one\\n\","
                                "outcome=\"delivered\"} 1\n"),
                      HasSubstr("{organization=\"Others\",connector=\"the bank\","
                                "outcome=\"delivered\"} 3\n")));
}

TEST(Metrics, AFamilyIsBounded)
{
    Metrics metrics;
    for (std::size_t i = 0; i < Metrics::kMaxSeries + 10; ++i)
        metrics.count(Family::RefusedReasons, {std::to_string(i)});
    metrics.count(Family::RefusedReasons, {"0"});
    const std::string text = metrics.format();
    EXPECT_THAT(text, HasSubstr("hermetic_refused_reasons_total{reason=\"other\"} 10\n"));
    EXPECT_THAT(text, HasSubstr("hermetic_refused_reasons_total{reason=\"0\"} 2\n"));
}

TEST(Metrics, AGaugeHasTheSeriesThatItWasSetToLast)
{
    Metrics metrics;
    metrics.set(Family::ConnectorOldest, {{{"Us", "bank"}, 7}, {{"Us", "gone"}, 8}});
    metrics.set(Family::ConnectorOldest, {{{"Us", "bank"}, 0}, {{"Us", "bank"}, 1900}});
    const std::string text = metrics.format();
    EXPECT_THAT(text, HasSubstr("# TYPE hermetic_connector_oldest_message_seconds gauge\n"
                                "hermetic_connector_oldest_message_seconds{organization=\"Us\","
                                "connector=\"bank\"} 1900\n"));
    EXPECT_THAT(text, testing::Not(HasSubstr("gone")));
}

TEST(Metrics, OfAGaugeWithTooManySeriesTheHighestIsShown)
{
    std::vector<std::string> names;
    for (std::size_t i = 0; i < Metrics::kMaxSeries + 10; ++i) names.push_back(std::to_string(i));
    std::vector<Sample> samples;
    for (std::size_t i = 0; i < names.size(); ++i) samples.push_back({{"Us", names[i]}, i});
    Metrics metrics;
    metrics.set(Family::ConnectorOldest, samples);
    EXPECT_THAT(metrics.format(), HasSubstr("{organization=\"other\",connector=\"other\"} 2009\n"));
}

}  // namespace
}  // namespace hermetic::metrics
