#include "queue/silent_share.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace hermetic::queue {
namespace {

Site network(std::uint8_t number)
{
    return IpAddress::v4({198, 51, number, 0});
}

// With limits of so many silent ones in all, and no more where that is full.
SilentLimits at_most(std::size_t share)
{
    return {share, share};
}

TEST(SilentShare, NobodyEndsWhileThereIsRoom)
{
    SilentShare share;
    share.add(1, {10}, Peer::Silent);
    share.add(2, {11}, Peer::Silent);
    EXPECT_FALSE(share.end_one(at_most(2)));
    EXPECT_EQ(share.size(), 2U);
}

TEST(SilentShare, TheOldestEndsWhereDestinationsHaveEquallyMany)
{
    SilentShare share;
    share.add(7, {12}, Peer::Silent);
    share.add(8, {10}, Peer::Silent);
    share.add(9, {11}, Peer::Silent);
    EXPECT_EQ(share.end_one(at_most(2)), 7U);
    EXPECT_FALSE(share.end_one(at_most(2))) << "it counts no more";
    share.add(7, {12}, Peer::Silent);
    EXPECT_EQ(share.end_one(at_most(2)), 8U) << "silent anew: the youngest";
}

TEST(SilentShare, TheDestinationWithMostGivesFirst)
{
    SilentShare share;
    share.add(1, {10}, Peer::Silent);
    share.add(2, {11}, Peer::Silent);
    share.add(3, {11}, Peer::Silent);
    EXPECT_EQ(share.end_one(at_most(2)), 2U) << "though another is older";
}

TEST(SilentShare, TheSiteWithMostGivesFirstHoweverManyDomainsItHas)
{
    SilentShare share;
    share.add(1, {10, network(1)}, Peer::Silent);
    share.add(2, {11, network(2)}, Peer::Silent);
    share.add(3, {12, network(2)}, Peer::Silent);
    share.add(4, {13}, Peer::Silent);
    EXPECT_EQ(share.end_one(at_most(3)), 2U);
    EXPECT_EQ(share.at_site(network(2)), 1U);
    EXPECT_EQ(share.at_site(std::nullopt), 0U);
}

TEST(SilentShare, WhatIsBehindTheFinalDotIsNotEnded)
{
    SilentShare share;
    share.add(1, {10}, Peer::SilentAfterDot);
    share.add(2, {10}, Peer::SilentAfterDot);
    share.add(3, {11}, Peer::Silent);
    EXPECT_EQ(share.end_one(at_most(2)), 3U) << "it counts all the same";
    EXPECT_FALSE(share.end_one(at_most(1))) << "nobody may be ended";
    EXPECT_EQ(share.size(), 2U);
    EXPECT_EQ(share.after_dot(), 2U);
}

TEST(SilentShare, WhoComesToTheFinalDotIsSparedFromThenOn)
{
    SilentShare share;
    share.add(1, {10}, Peer::Silent);
    share.add(2, {11}, Peer::Silent);
    share.add(1, {10}, Peer::SilentAfterDot);
    EXPECT_EQ(share.end_one(at_most(1)), 2U);
    share.add(3, {12}, Peer::Silent);
    share.add(1, {10}, Peer::Silent);
    EXPECT_EQ(share.end_one(at_most(1)), 1U) << "it kept its age";
}

TEST(SilentShare, WhoSpeaksLeaves)
{
    SilentShare share;
    share.add(1, {10}, Peer::Silent);
    share.add(2, {10, network(1)}, Peer::SilentAfterDot);
    for (const std::uint64_t grant : {1, 2, 2}) share.remove(grant);
    EXPECT_EQ(share.size(), 0U);
    EXPECT_EQ(share.at_site(network(1)), 0U);
    EXPECT_FALSE(share.end_one(at_most(0)));
}

TEST(SilentShare, ThoseBehindTheFinalDotLeaveALittleToThoseThatTakeTheirTimeBeforeIt)
{
    struct Row {
        std::size_t connections, share, after_dot, limit;
    };
    for (const Row& row : std::vector<Row>{{10, 5, 0, 5},
                                           {10, 5, 2, 3},
                                           {10, 5, 5, 1},
                                           {10, 5, 8, 0},
                                           {2000, 1000, 400, 600},
                                           {2000, 1000, 1000, 250},
                                           {2000, 1000, 1600, 100},
                                           {2000, 1000, 2500, 0},
                                           {1, 1, 0, 1}}) {
        EXPECT_EQ(endable_limit({row.connections, row.share}, row.after_dot), row.limit)
            << row.after_dot << " of " << row.connections;
    }
}

// Who else has silent connections: a destination, or a site, and how many. Then whether destination
// 1, at network 1 where `site` says so, may have another with a share of 8.
struct Row {
    const char* name;
    std::vector<std::pair<SilentShare::Place, int>> silent;
    SilentShare::Place place;
    bool may;

    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

class FairPart : public testing::TestWithParam<Row> {};

TEST_P(FairPart, OfTheSilentShare)
{
    for (const Peer peer : {Peer::Silent, Peer::SilentAfterDot}) {
        SilentShare share;
        std::uint64_t grant = 0;
        for (const auto& [place, count] : GetParam().silent) {
            for (int i = 0; i < count; ++i) share.add(++grant, place, peer);
        }
        EXPECT_EQ(share.has_part_left(GetParam().place, 8), GetParam().may);
    }
}

// clang-format off
const Row kTable[] = {
    {"NobodyIsSilent", {}, {1}, true},
    {"AloneItHasAllOfIt", {{{1}, 7}}, {1}, true},
    {"NotMore", {{{1}, 8}}, {1}, false},
    {"HalfOfItBesideAnother", {{{1}, 4}, {{2}, 1}}, {1}, false},
    {"LessThanHalfOfIt", {{{1}, 3}, {{2}, 5}}, {1}, true},
    {"OneAmongMany", {{{1}, 1}, {{2}, 4}, {{3}, 4}, {{4}, 1}, {{5}, 1}, {{6}, 1}, {{7}, 1}, {{8}, 1}, {{9}, 1}}, {1}, false},
    {"WhoHasNoneMay", {{{2}, 9}}, {1}, true},
    {"DomainsAtOneSiteAreOne", {{{2, network(1)}, 4}, {{3, network(1)}, 4}}, {1, network(1)}, false},
    {"SitesShare", {{{2, network(1)}, 2}, {{3, network(1)}, 2}, {{4, network(2)}, 1}}, {1, network(1)}, false},
    {"AnotherSiteIsAnother", {{{2, network(1)}, 4}, {{3, network(1)}, 4}}, {1, network(2)}, true},
    {"ADestinationIsOneAtAllItsSites", {{{1, network(1)}, 4}, {{1, network(2)}, 4}}, {1, network(3)}, false},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Table, FairPart, testing::ValuesIn(kTable),
                         [](const auto& row) { return row.param.name; });

std::string site(const char* peer)
{
    const Site found = site_of(*IpAddress::parse(peer));
    return found ? found->format() : "";
}

TEST(Site, IsANetwork)
{
    EXPECT_EQ(site("198.51.100.7"), "198.51.100.0");
    EXPECT_EQ(site("198.51.101.7"), "198.51.101.0");
    EXPECT_EQ(site("2001:db8:1:2::3"), "2001:db8:1::");
}

TEST(Site, WhoIsNoStrangerHasNone)
{
    for (const char* peer : {"127.0.0.1", "::1", "10.1.2.3", "192.168.0.1", "fd00::1", "0.0.0.0"}) {
        EXPECT_EQ(site(peer), "") << peer;
    }
}

}  // namespace
}  // namespace hermetic::queue
