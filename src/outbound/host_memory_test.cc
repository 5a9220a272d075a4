#include "outbound/host_memory.h"

#include <gtest/gtest.h>

#include <string>

namespace hermetic::outbound {
namespace {

using policy::StepKind;
using std::chrono::hours;
using std::chrono::minutes;

const Instant kStart{hours{1000}};
const HostKey kHost{"example.org", "mx1:25"};

TEST(HostMemory, ASilentHostCountsForAnHour)
{
    HostMemory memory;
    EXPECT_FALSE(memory.is_long_silent(kHost, kStart));
    memory.note_silent(kHost, kStart);
    memory.note_silent(kHost, kStart + minutes{36});
    EXPECT_FALSE(memory.is_long_silent(kHost, kStart + minutes{59}));
    EXPECT_TRUE(memory.is_long_silent(kHost, kStart + minutes{60}));
    EXPECT_FALSE(memory.is_long_silent({"example.net", "mx1:25"}, kStart + minutes{60}))
        << "another destination";
    EXPECT_FALSE(memory.is_long_silent({"example.org", "mx2:25"}, kStart + minutes{60}))
        << "another host";
}

TEST(HostMemory, TheHourBeginsAnewOnceItHasGreeted)
{
    HostMemory memory;
    memory.note_silent(kHost, kStart);
    memory.note_greeted(kHost);
    memory.note_silent(kHost, kStart + minutes{59});
    EXPECT_FALSE(memory.is_long_silent(kHost, kStart + minutes{61}));
    EXPECT_TRUE(memory.is_long_silent(kHost, kStart + minutes{119}));
}

TEST(HostMemory, WhatNobodyAskedAboutForADayIsForgotten)
{
    HostMemory memory;
    memory.note_silent(kHost, kStart);
    memory.note_untried(kHost, kStart);
    const Instant later = kStart + HostMemory::kKept;
    EXPECT_FALSE(memory.is_long_silent(kHost, later));
    EXPECT_FALSE(memory.is_left_untried(kHost, later));
    EXPECT_TRUE(memory.list(later).empty());
    memory.note_silent(kHost, later);
    EXPECT_FALSE(memory.is_long_silent(kHost, later)) << "its hour begins now";
}

TEST(HostMemory, WhatWasLeftUntriedIsUntilItIsTried)
{
    HostMemory memory;
    memory.note_untried(kHost, kStart);
    EXPECT_TRUE(memory.is_left_untried(kHost, kStart + minutes{1}));
    memory.note_tried(kHost);
    EXPECT_FALSE(memory.is_left_untried(kHost, kStart + minutes{1}));
}

// What was found under one policy says nothing of another one's handshakes.
TEST(HostMemory, AFindingCountsForHoursUnderItsPolicy)
{
    using policy::HopFinding;
    HostMemory memory;
    const HostKey key{"example.org", "mx1:25", "192.0.2.1:25", "opportunistic"};
    EXPECT_FALSE(memory.finding(key, kStart));
    memory.note_finding(key, HopFinding::Unsettled, kStart);
    memory.note_finding(key, HopFinding::HandshakesFailed, kStart + minutes{5});
    const Instant last = kStart + minutes{5} + HostMemory::kFindingKept;
    const auto found = memory.finding(key, last - minutes{1});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->what, HopFinding::HandshakesFailed) << "the last one";
    EXPECT_EQ(found->at, kStart + minutes{5});
    EXPECT_FALSE(memory.finding(key, last));
    const smtp::Offer offer{100, true, false};
    memory.note_finding(key, HopFinding::Unsettled, kStart + minutes{6}, offer);
    EXPECT_EQ(memory.finding(key, last - minutes{1})->lacking, offer);
    EXPECT_FALSE(memory.finding({key.destination, key.host, key.address, "encrypt"}, kStart));
    EXPECT_FALSE(memory.finding({"example.net", key.host, key.address, key.policy}, kStart));
}

TEST(HostMemory, IsListed)
{
    HostMemory memory;
    memory.note_silent(kHost, kStart);
    memory.note_untried({"example.org", "mx2:25", "192.0.2.1:25"}, kStart + minutes{30});
    using What = HostMemory::Row::What;
    auto rows = memory.list(kStart + minutes{30});
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].key, kHost);
    EXPECT_EQ(rows[0].what, What::Silent);
    EXPECT_EQ(rows[0].left, HostMemory::kKept - minutes{30});
    EXPECT_EQ(rows[1].key.address, "192.0.2.1:25");
    EXPECT_EQ(rows[1].what, What::Untried);
    EXPECT_EQ(memory.list(kStart + minutes{60})[0].what, What::LongSilent);

    memory.note_finding({"example.org", "mx3:25", "", "opportunistic"}, policy::HopFinding::Refused,
                        kStart + minutes{30});
    rows = memory.list(kStart + minutes{30});
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[2].what, What::Found);
    EXPECT_EQ(rows[2].finding, policy::HopFinding::Refused);
    EXPECT_EQ(rows[2].left, HostMemory::kFindingKept);
}

TEST(HostMemory, IsForgottenByHostOrAddress)
{
    HostMemory memory;
    const auto fill = [&] {
        memory.note_silent(kHost, kStart);
        memory.note_silent({"example.org", "/run/lmtp"}, kStart);
        memory.note_untried({"example.org", "mx1:25", "192.0.2.1:25"}, kStart);
        memory.note_untried({"example.org", "mx2:25", "192.0.2.2:25"}, kStart);
        memory.note_finding({"example.org", "mx3:25", "", "opportunistic"}, {}, kStart);
    };
    struct Row {
        const char* host;
        std::size_t forgotten;
    };
    for (const Row& row : {Row{"mx1", 2}, Row{"mx1:25", 2}, Row{"mx1:26", 0}, Row{"192.0.2.2", 1},
                           Row{"/run/lmtp", 1}, Row{"mx3", 1}, Row{"mx", 0}, Row{"", 5}}) {
        fill();
        EXPECT_EQ(memory.forget(row.host), row.forgotten) << row.host;
    }
    EXPECT_EQ(memory.size(), 0U);
}

TEST(HostMemory, IsBounded)
{
    HostMemory memory{2};
    for (const char* host : {"a", "b", "c"}) memory.note_silent({"", host}, kStart);
    for (const char* host : {"a", "b", "c"}) memory.note_untried({"", host}, kStart);
    for (const char* host : {"a", "b", "c"}) memory.note_finding({"", host}, {}, kStart);
    EXPECT_EQ(memory.size(), 6U);
    EXPECT_TRUE(memory.finding({"", "c"}, kStart)) << "the newest is there";
}

TEST(HostMemory, WhatWasNotedLongestAgoIsForgottenFirst)
{
    HostMemory memory{3};
    memory.note_untried({"", "z"}, kStart);
    memory.note_untried({"", "a"}, kStart + minutes{1});
    memory.note_untried({"", "m"}, kStart + minutes{2});
    memory.note_untried({"", "b"}, kStart + minutes{3});
    const Instant now = kStart + minutes{4};
    EXPECT_FALSE(memory.is_left_untried({"", "z"}, now));
    for (const char* host : {"a", "m", "b"}) EXPECT_TRUE(memory.is_left_untried({"", host}, now));
}

TEST(HostMemory, ADestinationOfManyHostsTakesNoOtherOnesPlace)
{
    HostMemory memory{160};
    memory.note_silent({"a.example", "mx:25"}, kStart);
    memory.note_silent({"z.example", "mx:25"}, kStart);
    for (int i = 0; i < 1000; ++i)
        memory.note_silent({"many.example", std::to_string(i)}, kStart + minutes{1} * (i % 7));
    EXPECT_TRUE(memory.is_long_silent({"a.example", "mx:25"}, kStart + minutes{60}));
    EXPECT_TRUE(memory.is_long_silent({"z.example", "mx:25"}, kStart + minutes{60}));
    EXPECT_LE(memory.size(), 2U + 160 / HostMemory::kShares + 1);
}

TEST(HostMemory, AFindingUnderAnyPolicyIsFound)
{
    HostMemory memory;
    memory.note_finding({"example.org", "mx1:25", "", "encrypt"}, {}, kStart);
    memory.note_finding({"example.org", "mx2:25", "192.0.2.1:25", "encrypt"}, {}, kStart);
    EXPECT_TRUE(memory.has_finding({"example.org", "mx1:25"}, kStart));
    EXPECT_FALSE(memory.has_finding({"example.org", "mx1:25"}, kStart + HostMemory::kFindingKept));
    EXPECT_FALSE(memory.has_finding({"example.org", "mx2:25"}, kStart)) << "of an address of it";
    EXPECT_FALSE(memory.has_finding({"example.net", "mx1:25"}, kStart));
}

TEST(StepMemory, RemembersForAWhile)
{
    StepMemory memory{hours{6}, 2};
    const Instant start{hours{1}};
    EXPECT_EQ(memory.recall("a", start), std::nullopt);
    memory.worked("a", StepKind::LowerVersion, start);
    EXPECT_EQ(memory.recall("a", start + hours{5}), StepKind::LowerVersion);
    memory.worked("a", StepKind::LowerVersion, start + hours{5});
    EXPECT_EQ(memory.recall("a", start + hours{6}), std::nullopt) << "not prolonged by use";
    memory.worked("a", StepKind::Compatible, start + hours{7});
    EXPECT_EQ(memory.recall("a", start + hours{8}), StepKind::Compatible);
    memory.failed("a");
    EXPECT_EQ(memory.recall("a", start + hours{8}), std::nullopt);
}

TEST(StepMemory, TheFullHandshakeNeedsNone)
{
    StepMemory memory;
    memory.worked("a", StepKind::LowerVersion, Instant{});
    memory.worked("a", StepKind::Everything, Instant{});
    EXPECT_EQ(memory.size(), 0U);
}

TEST(StepMemory, IsBounded)
{
    StepMemory memory{hours{6}, 2};
    memory.worked("a", StepKind::Compatible, Instant{});
    memory.worked("b", StepKind::Compatible, Instant{} + hours{5});
    memory.worked("c", StepKind::Compatible, Instant{} + hours{7});
    EXPECT_EQ(memory.size(), 2U);
    EXPECT_EQ(memory.recall("b", Instant{} + hours{7}), StepKind::Compatible)
        << "what is over goes first";
    memory.worked("d", StepKind::Compatible, Instant{} + hours{8});
    EXPECT_EQ(memory.size(), 2U);
}

TEST(StepMemory, IsListedAndForgottenByHost)
{
    StepMemory memory{hours{6}};
    const Instant start{hours{1}};
    memory.worked("mx.a.test|25|x", StepKind::Compatible, start);
    memory.worked("mx.b.test|25|x", StepKind::LowerVersion, start + hours{1});
    ASSERT_EQ(memory.list(start + hours{2}).size(), 2U);
    const auto rows = memory.list(start + hours{6});
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].key, "mx.b.test|25|x");
    EXPECT_EQ(rows[0].kind, StepKind::LowerVersion);
    EXPECT_EQ(rows[0].left, hours{1});
    EXPECT_EQ(memory.forget([](std::string_view key) { return key.starts_with("mx.b.test|"); }),
              1U);
    EXPECT_EQ(memory.forget([](std::string_view) { return true; }), 1U);
    EXPECT_EQ(memory.size(), 0U);
}

}  // namespace
}  // namespace hermetic::outbound
