#include "queue/silent_share.h"

#include <gtest/gtest.h>

namespace hermetic::queue {
namespace {

TEST(SilentShare, NobodyEndsWhileThereIsRoom)
{
    SilentShare share;
    share.add(1, 10, Peer::Silent);
    share.add(2, 11, Peer::Silent);
    EXPECT_FALSE(share.end_one(2));
    EXPECT_EQ(share.size(), 2U);
}

TEST(SilentShare, TheOldestEndsWhereDestinationsHaveEquallyMany)
{
    SilentShare share;
    share.add(7, 12, Peer::Silent);
    share.add(8, 10, Peer::Silent);
    share.add(9, 11, Peer::Silent);
    EXPECT_EQ(share.end_one(2), 7U);
    EXPECT_FALSE(share.end_one(2)) << "it counts no more";
    share.add(7, 12, Peer::Silent);
    EXPECT_EQ(share.end_one(2), 8U) << "silent anew: the youngest";
}

TEST(SilentShare, TheDestinationWithMostGivesFirst)
{
    SilentShare share;
    share.add(1, 10, Peer::Silent);
    share.add(2, 11, Peer::Silent);
    share.add(3, 11, Peer::Silent);
    EXPECT_EQ(share.end_one(2), 2U) << "though another is older";
}

TEST(SilentShare, WhatIsBehindTheFinalDotIsNotEnded)
{
    SilentShare share;
    share.add(1, 10, Peer::SilentAfterDot);
    share.add(2, 10, Peer::SilentAfterDot);
    share.add(3, 11, Peer::Silent);
    EXPECT_EQ(share.end_one(2), 3U);
    EXPECT_FALSE(share.end_one(1)) << "nobody may be ended";
    EXPECT_EQ(share.size(), 2U);
}

TEST(SilentShare, WhoComesToTheFinalDotIsSparedFromThenOn)
{
    SilentShare share;
    share.add(1, 10, Peer::Silent);
    share.add(2, 11, Peer::Silent);
    share.add(1, 10, Peer::SilentAfterDot);
    EXPECT_EQ(share.end_one(1), 2U);
    share.add(3, 12, Peer::Silent);
    share.add(1, 10, Peer::Silent);
    EXPECT_EQ(share.end_one(1), 1U) << "it kept its age";
}

TEST(SilentShare, WhoSpeaksLeaves)
{
    SilentShare share;
    share.add(1, 10, Peer::Silent);
    share.add(2, 10, Peer::SilentAfterDot);
    for (const std::uint64_t grant : {1, 2, 2}) share.remove(grant);
    EXPECT_EQ(share.size(), 0U);
    EXPECT_FALSE(share.end_one(0));
}

}  // namespace
}  // namespace hermetic::queue
