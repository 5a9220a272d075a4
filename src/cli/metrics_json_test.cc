#include "cli/commands.h"

#include <gtest/gtest.h>

namespace hermetic::cli {
namespace {

TEST(MetricsJson, HasEachSampleWithItsValue)
{
    EXPECT_EQ(format_metrics_json("# HELP a Words.\n# TYPE a counter\n"
                                  "a{b=\"c d\"} 3\nbucket{le=\"+Inf\"} 0.5\nodd NaN\n"),
              R"({"metrics":[{"metric":"a{b=\"c d\"}","value":3},)"
              R"({"metric":"bucket{le=\"+Inf\"}","value":5E-1},{"metric":"odd","value":"NaN"}]})");
}

}  // namespace
}  // namespace hermetic::cli
