#include "policy/retirement.h"

#include "facts/reasons.h"

#include <gtest/gtest.h>

namespace hermetic::policy {
namespace {

using facts::TlsVersion;
using objects::Direction;
using objects::Retirement;
using std::chrono::hours;
using std::chrono::minutes;

const WallTime kStart = *parse_rfc3339("2026-12-01T00:00:00Z");
const WallTime kEnd = *parse_rfc3339("2026-12-11T00:00:00Z");
const IpAddress kClient = *IpAddress::parse("192.0.2.7");

Retirement plan_of(Direction direction,
                   std::vector<TlsVersion> versions = {TlsVersion::Tls10, TlsVersion::Tls11})
{
    Retirement plan;
    plan.name = "old-tls";
    plan.organization = "Example";
    plan.direction = direction;
    plan.versions = std::move(versions);
    plan.start = kStart;
    plan.end = kEnd;
    return plan;
}

TEST(Retirement, TheShareGrowsEvenlyFromNothingToAll)
{
    const Retirement plan = plan_of(Direction::Inbound);
    const struct {
        WallTime now;
        RetirementPhase phase;
        std::uint32_t share;
    } rows[] = {
        {kStart - hours{1}, RetirementPhase::Before, 0},
        {kStart, RetirementPhase::Growing, 0},
        {kStart + hours{24}, RetirementPhase::Growing, 1'000},
        {kStart + hours{120}, RetirementPhase::Growing, 5'000},
        {kEnd - hours{24}, RetirementPhase::Growing, 9'000},
        {kEnd, RetirementPhase::Over, kWholeShare},
        {kEnd + hours{24 * 365}, RetirementPhase::Over, kWholeShare},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(phase_of(plan, row.now), row.phase) << format_rfc3339(row.now);
        EXPECT_EQ(share_of(plan, row.now), row.share) << format_rfc3339(row.now);
    }
}

TEST(Retirement, NobodyIsDeferredBeforeTheStartAndEverybodyAfterTheEnd)
{
    const Retirement plan = plan_of(Direction::Inbound);
    for (int i = 0; i < 1'000; ++i) {
        const std::string peer = "192.0.2." + std::to_string(i);
        EXPECT_FALSE(is_in_share(plan, peer, kStart - minutes{1}));
        EXPECT_TRUE(is_in_share(plan, peer, kEnd));
    }
}

TEST(Retirement, APlanThatIsOffOrHasNoDatesNeverBegins)
{
    Retirement plan = plan_of(Direction::Inbound);
    plan.enabled = false;
    EXPECT_FALSE(is_in_share(plan, "peer", kEnd));
    plan.enabled = true;
    plan.end.reset();
    EXPECT_FALSE(is_in_share(plan, "peer", kEnd));
}

TEST(Retirement, AboutTheShareOfPeersIsDeferred)
{
    const Retirement plan = plan_of(Direction::Inbound);
    const WallTime now = kStart + hours{72};
    int deferred = 0;
    for (int i = 0; i < 10'000; ++i) {
        if (is_in_share(plan, "198.51.100." + std::to_string(i), now)) ++deferred;
    }
    EXPECT_NEAR(deferred, 3'000, 200);
}

TEST(Retirement, ARetryInAnotherQuarterOfAnHourPasses)
{
    const Retirement plan = plan_of(Direction::Inbound);
    const WallTime now = kStart + hours{48};  // a fifth
    int longest = 0;
    for (int i = 0; i < 200; ++i) {
        const std::string peer = "mail" + std::to_string(i) + ".example.net";
        int waited = 0;
        while (is_in_share(plan, peer, now + minutes{15} * waited)) ++waited;
        longest = std::max(longest, waited);
    }
    EXPECT_GT(longest, 0);
    EXPECT_LT(longest, 10) << "quarters of an hour";
}

TEST(Retirement, TheAnswerStaysWithinAQuarterOfAnHour)
{
    const Retirement plan = plan_of(Direction::Inbound);
    const WallTime now = kStart + hours{120};
    for (int i = 0; i < 100; ++i) {
        const std::string peer = "mail" + std::to_string(i) + ".example.net";
        // The share itself grows by a thousandth in the meantime.
        EXPECT_LE(is_in_share(plan, peer, now), is_in_share(plan, peer, now + minutes{14})) << peer;
    }
}

TEST(Retirement, LeavesTheVersionAboveTheHighestThatGoes)
{
    EXPECT_EQ(lowest_left(plan_of(Direction::Inbound)), TlsVersion::Tls12);
    EXPECT_EQ(lowest_left(plan_of(Direction::Inbound, {TlsVersion::Tls10})), TlsVersion::Tls11);
    EXPECT_EQ(lowest_left(plan_of(Direction::Inbound, {})), TlsVersion::None);
}

TEST(Retirement, OutboundTheStrictestPlanOfTheOrganizationCounts)
{
    std::vector<Retirement> plans{plan_of(Direction::Outbound, {TlsVersion::Tls10}),
                                  plan_of(Direction::Outbound), plan_of(Direction::Inbound)};
    plans[1].start = kEnd;
    plans[1].end = kEnd + hours{240};
    EXPECT_FALSE(decide_outbound_retirement(plans, "Example", "mx.example.net", kStart));
    const auto first = decide_outbound_retirement(plans, "Example", "mx.example.net", kEnd);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->below, TlsVersion::Tls11);
    EXPECT_TRUE(first->over);
    const auto last =
        decide_outbound_retirement(plans, "Example", "mx.example.net", kEnd + hours{240});
    ASSERT_TRUE(last);
    EXPECT_EQ(last->below, TlsVersion::Tls12);
    EXPECT_TRUE(last->over);
    EXPECT_FALSE(decide_outbound_retirement(plans, "Other", "mx.example.net", kEnd));
}

TEST(Retirement, InboundOnlyOldVersionsAreRefused)
{
    const std::vector<Retirement> plans{plan_of(Direction::Inbound, {TlsVersion::Tls10})};
    const auto refused = [&](TlsVersion version, WallTime now) {
        return decide_inbound_retirement(plans, "Example", version, kClient, now);
    };
    ASSERT_TRUE(refused(TlsVersion::Tls10, kEnd));
    EXPECT_EQ(refused(TlsVersion::Tls10, kEnd)->reason, facts::Reason::RetirementEnded);
    EXPECT_EQ(refused(TlsVersion::Tls10, kEnd - minutes{1})->reason,
              facts::Reason::RetirementShare);
    EXPECT_FALSE(refused(TlsVersion::Tls10, kStart));
    EXPECT_FALSE(refused(TlsVersion::Tls11, kEnd));
    EXPECT_FALSE(refused(TlsVersion::None, kEnd)) << "clear text is another matter";
    EXPECT_EQ(retirement_words(TlsVersion::Tls10, plans[0]),
              "TLSv1.0 is being retired here; use TLSv1.1 or a later version");
}

TEST(Retirement, AClientOfIpv6IsItsNetwork)
{
    EXPECT_EQ(retirement_peer(kClient), "192.0.2.7");
    EXPECT_EQ(retirement_peer(*IpAddress::parse("2001:db8::1")), "2001:db8:0:0::/64");
    EXPECT_EQ(retirement_peer(*IpAddress::parse("2001:db8::ffff:1")), "2001:db8:0:0::/64");
    EXPECT_NE(retirement_peer(*IpAddress::parse("2001:db8:0:1::1")), "2001:db8:0:0::/64");
}

}  // namespace
}  // namespace hermetic::policy
