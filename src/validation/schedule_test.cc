#include "validation/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace hermetic::validation {
namespace {

const WallTime kNow = *parse_rfc3339("2026-11-21T12:00:00Z");

bool is_due(std::string_view connector, std::optional<WallTime> last, WallTime known_since,
            WallTime now)
{
    return !due({{connector, last}}, known_since, now).empty();
}

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

TEST(Schedule, WhoeverWaitsLongestComesFirst)
{
    std::vector<std::string> names;
    for (int i = 0; i < 100; ++i) names.push_back("connector-" + std::to_string(i));
    std::vector<Turn> turns;
    for (const auto& each : names) turns.push_back({each, kNow - std::chrono::days{2}});
    const auto places = due(turns, kNow, kNow);
    ASSERT_EQ(places.size(), 100U);
    for (std::size_t i = 1; i < places.size(); ++i)
        EXPECT_LE(last_turn(names[places[i - 1]], kNow), last_turn(names[places[i]], kNow));
}

// Looked at every minute, with the time that an unreachable partner takes.
TEST(Schedule, TenThousandAreReachedInADay)
{
    constexpr std::size_t kAtOnce = 24;
    constexpr int kMinutesEach = 3;
    std::vector<std::string> names;
    for (int i = 0; i < 10'000; ++i) names.push_back("connector-" + std::to_string(i));
    std::vector<Turn> turns;
    for (const auto& each : names) turns.push_back({each, std::nullopt});
    std::size_t begun = 0;
    WallTime now = kNow;
    for (const WallTime end = kNow + std::chrono::days{1}; now < end;) {
        const auto places = due(turns, kNow, now);
        for (const std::size_t place : places) turns[place].last = now;
        begun += places.size();
        const auto rounds = static_cast<int>((places.size() + kAtOnce - 1) / kAtOnce);
        now += std::chrono::minutes{std::max(1, rounds * kMinutesEach)};
    }
    EXPECT_GT(begun, 9'900U);
    EXPECT_LE(due(turns, kNow, now).size(), 100U) << "what is behind is the last few minutes'";
}

}  // namespace
}  // namespace hermetic::validation
