#include "metrics/metrics.h"

#include <gtest/gtest.h>

namespace hermetic::metrics {
namespace {

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

}  // namespace
}  // namespace hermetic::metrics
