#include "queue/queue_time.h"

#include <gtest/gtest.h>

namespace hermetic::queue {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr Instant kStart{hours{10}};
constexpr WallTime kWall{hours{24 * 365 * 55}};
constexpr auto kJump = hours{24 * 400};

TEST(QueueTime, GoesOnWhereTheWallClockJumps)
{
    const QueueClock clock{kStart, kWall};
    EXPECT_EQ(clock.at(kStart + minutes{1}, kWall + minutes{1}).queue, kWall + minutes{1});
    EXPECT_EQ(clock.at(kStart + minutes{2}, kWall + kJump).queue, kWall + minutes{2});
    EXPECT_EQ(clock.at(kStart + minutes{3}, kWall - kJump).queue, kWall + minutes{3});
}

TEST(QueueTime, IsTranslatedBothWays)
{
    const Moment now{kWall + minutes{2}, kWall + kJump};
    EXPECT_EQ(now.from_wall(now.wall + minutes{5}), now.queue + minutes{5});
    EXPECT_EQ(now.to_wall(now.queue + minutes{5}), now.wall + minutes{5});
    EXPECT_EQ(now.from_wall(WallTime::max()), WallTime::max());
    EXPECT_EQ(now.to_wall(WallTime::max()), WallTime::max());
}

TEST(QueueTime, WhatLiesInTheFutureIsTakenAsNow)
{
    const Moment now{kWall, kWall};
    EXPECT_EQ(now.past(kWall + kJump), kWall);
    EXPECT_EQ(now.past(kWall - minutes{1}), kWall - minutes{1});
    EXPECT_EQ(now.planned(kWall + kJump, hours{1}), kWall);
    EXPECT_EQ(now.planned(kWall + hours{1}, hours{1}), kWall + hours{1});
    EXPECT_EQ(now.planned(kWall - minutes{1}, hours{1}), kWall - minutes{1});
}

}  // namespace
}  // namespace hermetic::queue
