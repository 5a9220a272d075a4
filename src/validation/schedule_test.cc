#include "validation/schedule.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace hermetic::validation {
namespace {

const WallTime kNow = *parse_rfc3339("2026-11-21T12:00:00Z");

TEST(Schedule, ATurnIsOnceADayAtTheSameTime)
{
    const WallTime turn = last_turn("bank", kNow);
    EXPECT_LE(turn, kNow);
    EXPECT_GT(turn, kNow - std::chrono::days{1});
    EXPECT_EQ(last_turn("bank", turn), turn);
    EXPECT_EQ(last_turn("bank", turn - std::chrono::seconds{1}), turn - std::chrono::days{1});
    EXPECT_EQ(last_turn("bank", turn + std::chrono::days{1}), turn + std::chrono::days{1});
}

TEST(Schedule, TurnsAreSpreadOverTheDay)
{
    std::set<WallTime> turns;
    for (int i = 0; i < 1000; ++i) turns.insert(last_turn("connector-" + std::to_string(i), kNow));
    EXPECT_GT(turns.size(), 500U);
    EXPECT_GT(*turns.rbegin() - *turns.begin(), std::chrono::hours{23});
}

TEST(Schedule, DueAfterItsTurnAndNotTwice)
{
    const WallTime turn = last_turn("bank", kNow);
    const auto before = turn - std::chrono::hours{1};
    EXPECT_TRUE(is_due("bank", before, before, kNow));
    EXPECT_FALSE(is_due("bank", turn + std::chrono::minutes{1}, before, kNow));
    // Of today already, on demand: the turn that has passed since counts.
    EXPECT_FALSE(is_due("bank", kNow, before, kNow));
}

TEST(Schedule, OneThatNeverWasWaitsForItsTurn)
{
    const WallTime turn = last_turn("bank", kNow);
    EXPECT_FALSE(is_due("bank", std::nullopt, turn, kNow));
    EXPECT_TRUE(is_due("bank", std::nullopt, turn, turn + std::chrono::days{1}));
}

}  // namespace
}  // namespace hermetic::validation
