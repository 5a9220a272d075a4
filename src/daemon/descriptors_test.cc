#include "daemon/descriptors.h"

#include <gtest/gtest.h>

namespace hermetic::daemon {
namespace {

struct Fitted {
    config::NodeOptions options;
    config::Diagnostics warnings;
};

Fitted fit(std::uint64_t descriptors)
{
    Fitted fitted;
    fitted.options.cores = 2;
    fitted.options.limits.sessions = 20000;
    fitted.options.delivery.connections = 2000;
    const auto document = config::parse_document("[limits]\n\nsessions = 20000\n", "hermetic.toml");
    fit_descriptors(descriptors, *document, "hermetic.toml", fitted.options, fitted.warnings);
    return fitted;
}

TEST(Descriptors, WhereThereIsRoomNothingIsLowered)
{
    const Fitted fitted = fit(262144);
    EXPECT_EQ(fitted.options.limits.sessions, 20000U);
    EXPECT_EQ(fitted.options.delivery.connections, 2000U);
    EXPECT_TRUE(fitted.warnings.empty());
}

TEST(Descriptors, SessionsAboveWhatTheSystemAllowsAreSaid)
{
    const Fitted fitted = fit(10000);
    EXPECT_EQ(fitted.options.delivery.connections, 1598U);
    ASSERT_EQ(fitted.warnings.size(), 2U);
    EXPECT_EQ(fitted.warnings[1].key, "limits.sessions");
    EXPECT_EQ(fitted.warnings[1].line, 3U);
    EXPECT_NE(fitted.warnings[1].what.find("10000"), std::string::npos);
    // Sessions, deliveries and what the server needs itself fit together.
    EXPECT_LE(2 * fitted.options.limits.sessions + 2 * fitted.options.delivery.connections + 384,
              10000U);
    EXPECT_GT(fitted.options.limits.sessions, 3000U);
}

TEST(Descriptors, AFewAreAlwaysServed)
{
    for (const std::uint64_t descriptors : {0, 64, 256, 500}) {
        const Fitted fitted = fit(descriptors);
        EXPECT_GE(fitted.options.limits.sessions, 16U) << descriptors;
        EXPECT_GE(fitted.options.delivery.connections, 16U) << descriptors;
    }
}

}  // namespace
}  // namespace hermetic::daemon
