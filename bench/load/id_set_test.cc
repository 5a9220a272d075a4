#include "load/id_set.h"

#include <gtest/gtest.h>

#include <thread>

namespace hermetic::load {
namespace {

TEST(IdSet, TellsTheFirstTimeFromTheSecond)
{
    IdSet set;
    for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{63}, std::uint64_t{64},
                                       std::uint64_t{262144}, IdSet::kLimit - 1}) {
        EXPECT_FALSE(set.contains(number));
        EXPECT_TRUE(set.insert(number));
        EXPECT_FALSE(set.insert(number));
        EXPECT_TRUE(set.contains(number));
    }
    EXPECT_EQ(set.count_in(0, 100), 3U);
    EXPECT_FALSE(set.contains(IdSet::kLimit));
}

TEST(IdSet, VisitsInOrder)
{
    IdSet set;
    for (const std::uint64_t number : {300'000U, 5U, 70U}) {
        set.insert(number);
    }
    std::vector<std::uint64_t> seen;
    set.for_each([&](std::uint64_t number) { seen.push_back(number); });
    EXPECT_EQ(seen, (std::vector<std::uint64_t>{5, 70, 300'000}));
}

TEST(IdSet, LetsOneOfSeveralThreadsWinEachNumber)
{
    constexpr std::uint64_t kNumbers = 600'000;
    IdSet set;
    std::vector<std::uint64_t> won(2);
    std::vector<std::thread> threads;
    for (std::uint64_t& mine : won) {
        threads.emplace_back([&set, &mine] {
            for (std::uint64_t i = 0; i < kNumbers; ++i) {
                mine += set.insert(i) ? 1 : 0;
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(won[0] + won[1], kNumbers);
    EXPECT_EQ(set.count_in(0, kNumbers), kNumbers);
}

}  // namespace
}  // namespace hermetic::load
