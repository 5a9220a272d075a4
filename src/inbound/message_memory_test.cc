#include "inbound/message_memory.h"

#include "metrics/metrics.h"

#include <gtest/gtest.h>

#include <optional>

namespace hermetic::inbound {
namespace {

constexpr std::size_t kStep = MessageMemory::kStep;

TEST(MessageMemory, GrowsByStepsUpToTheLimitAndGivesAllBack)
{
    metrics::Metrics metrics;
    MessageMemory memory{metrics, 4 * kStep};
    {
        MessageMemory::Share first{memory};
        EXPECT_TRUE(first.cover(1));
        EXPECT_EQ(memory.used(), kStep);
        EXPECT_TRUE(first.cover(kStep));
        EXPECT_EQ(memory.used(), kStep);
        EXPECT_TRUE(first.cover(2 * kStep + 1));
        EXPECT_EQ(memory.used(), 3 * kStep);
        EXPECT_EQ(metrics.value(metrics::Metric::MessageMemory), 3 * kStep);
        MessageMemory::Share second{memory};
        EXPECT_FALSE(second.cover(kStep + 1)) << "would be a step too many";
        EXPECT_EQ(memory.used(), 3 * kStep);
        EXPECT_TRUE(second.cover(kStep));
        EXPECT_FALSE(first.cover(3 * kStep + 1));
    }
    EXPECT_EQ(memory.used(), 0U);
    EXPECT_EQ(metrics.value(metrics::Metric::MessageMemory), 0);
}

TEST(MessageMemory, IsShortUntilAQuarterIsFreeAgain)
{
    metrics::Metrics metrics;
    MessageMemory memory{metrics, 4 * kStep};
    std::optional<MessageMemory::Share> shares[4];
    for (auto& share : shares) {
        share.emplace(memory);
        EXPECT_TRUE(share->cover(kStep));
    }
    EXPECT_FALSE(memory.is_short()) << "full, but nobody had to go without";
    EXPECT_FALSE(shares[0]->cover(2 * kStep));
    EXPECT_TRUE(memory.is_short());
    shares[1].reset();
    EXPECT_FALSE(memory.is_short());
    EXPECT_FALSE(shares[0]->cover(3 * kStep));
    EXPECT_FALSE(memory.is_short()) << "it asked for much: there is room for others";
    memory.set_limit(2 * kStep);
    EXPECT_FALSE(shares[0]->cover(2 * kStep));
    EXPECT_TRUE(memory.is_short());
}

}  // namespace
}  // namespace hermetic::inbound
