#include "outbound/host_memory.h"

#include <gtest/gtest.h>

namespace hermetic::outbound {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const Instant kStart{hours{1000}};

TEST(HostMemory, ASilentHostCountsForAnHour)
{
    HostMemory memory;
    EXPECT_FALSE(memory.is_long_silent("example.org|mx1", kStart));
    memory.note_silent("example.org|mx1", kStart);
    memory.note_silent("example.org|mx1", kStart + minutes{36});
    EXPECT_FALSE(memory.is_long_silent("example.org|mx1", kStart + minutes{59}));
    EXPECT_TRUE(memory.is_long_silent("example.org|mx1", kStart + minutes{60}));
    EXPECT_FALSE(memory.is_long_silent("example.net|mx1", kStart + minutes{60}))
        << "another destination";
}

TEST(HostMemory, TheHourBeginsAnewOnceItHasGreeted)
{
    HostMemory memory;
    memory.note_silent("mx1", kStart);
    memory.note_greeted("mx1");
    memory.note_silent("mx1", kStart + minutes{59});
    EXPECT_FALSE(memory.is_long_silent("mx1", kStart + minutes{61}));
    EXPECT_TRUE(memory.is_long_silent("mx1", kStart + minutes{119}));
}

TEST(HostMemory, WhatNobodyAskedAboutForADayIsForgotten)
{
    HostMemory memory;
    memory.note_silent("mx1", kStart);
    memory.note_untried("mx2", kStart);
    const Instant later = kStart + HostMemory::kKept;
    EXPECT_FALSE(memory.is_long_silent("mx1", later));
    EXPECT_FALSE(memory.is_left_untried("mx2", later));
    memory.note_silent("mx1", later);
    EXPECT_FALSE(memory.is_long_silent("mx1", later)) << "its hour begins now";
}

TEST(HostMemory, WhatWasLeftUntriedIsUntilItIsTried)
{
    HostMemory memory;
    memory.note_untried("mx1", kStart);
    EXPECT_TRUE(memory.is_left_untried("mx1", kStart + minutes{1}));
    memory.note_tried("mx1");
    EXPECT_FALSE(memory.is_left_untried("mx1", kStart + minutes{1}));
}

TEST(HostMemory, IsBounded)
{
    HostMemory memory{2};
    for (const char* key : {"a", "b", "c"}) memory.note_silent(key, kStart);
    for (const char* key : {"a", "b", "c"}) memory.note_untried(key, kStart);
    EXPECT_EQ(memory.size(), 4U);
    memory.clear();
    EXPECT_EQ(memory.size(), 0U);
}

}  // namespace
}  // namespace hermetic::outbound
