#include "spool/body_room.h"

#include <gtest/gtest.h>

namespace hermetic::spool {
namespace {

using enum RoomAnswer;

TEST(BodyRoom, WhatIsKeptIsNeverTaken)
{
    EXPECT_EQ(decide_room({.free = 100, .kept = 60}, 20), Fits);
    EXPECT_EQ(decide_room({.free = 100, .kept = 60}, 41), DiskFull);
    EXPECT_EQ(decide_room({.free = 50, .kept = 60}, 1), DiskFull);
    EXPECT_EQ(decide_room({.kept = 60}, 1U << 30), Fits) << "nobody knows how much is free";
}

TEST(BodyRoom, OneClientHasHalfOfIt)
{
    EXPECT_EQ(decide_room({.free = 100, .kept = 60}, 21), ClientFull);
    // 20 of its octets are on the disk already.
    EXPECT_EQ(decide_room({.free = 80, .kept = 60, .under_way = 20, .of_client = 20}, 1),
              ClientFull);
    EXPECT_EQ(decide_room({.free = 80, .kept = 60, .under_way = 20, .of_client = 0}, 20), Fits);
}

TEST(BodyRoom, CountsAndGivesBack)
{
    BodyRoom room;
    EXPECT_EQ(room.take("a", 20, 100, 60), Fits);
    EXPECT_EQ(room.take("a", 1, 80, 60), ClientFull);
    EXPECT_EQ(room.take("b", 10, 80, 60), Fits);
    EXPECT_EQ(room.take("", 5, 70, 60), Fits);
    EXPECT_EQ(room.take("", 20, 65, 60), DiskFull) << "nobody's are bounded by the disk alone";
    EXPECT_EQ(room.take("", 5, 65, 60), Fits);
    EXPECT_EQ(room.under_way(), 40U);
    room.give_back("a", 20);
    EXPECT_EQ(room.take("a", 19, 80, 60), Fits);
    room.give_back("a", 19);
    room.give_back("b", 10);
    room.give_back("", 10);
    EXPECT_EQ(room.take("a", 20, 100, 60), Fits);
}

}  // namespace
}  // namespace hermetic::spool
