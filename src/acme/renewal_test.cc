#include "acme/renewal.h"

#include <gtest/gtest.h>

namespace hermetic::acme {
namespace {

using std::chrono::hours;

class Due : public testing::Test {
protected:
    static facts::CertificateFacts certificate()
    {
        facts::CertificateFacts facts;
        facts.dns_names = {"a.test", "b.test"};
        facts.not_before = WallTime{} + hours{1000};
        facts.not_after = WallTime{} + hours{1090};
        return facts;
    }
    WallTime now_ = WallTime{} + hours{1001};
};

TEST_F(Due, IsAThirdOfTheLifetimeBeforeTheEnd)
{
    EXPECT_EQ(due_at(certificate(), {"b.test", "A.test"}, now_), WallTime{} + hours{1060});
}

TEST_F(Due, IsNowWhereThereIsNoneOrForOthers)
{
    EXPECT_EQ(due_at(std::nullopt, {"a.test"}, now_), now_);
    EXPECT_EQ(due_at(certificate(), {"a.test"}, now_), now_);
    EXPECT_EQ(due_at(certificate(), {"a.test", "b.test", "c.test"}, now_), now_);
}

TEST_F(Due, AfterFailuresTheWaitGrowsToABound)
{
    EXPECT_EQ(wait_after(1), std::chrono::minutes{5});
    EXPECT_EQ(wait_after(2), std::chrono::minutes{10});
    EXPECT_EQ(wait_after(5), std::chrono::minutes{80});
    EXPECT_EQ(wait_after(4'000'000'000U), hours{8});
}

TEST_F(Due, WhatTheServerAsksForIsHeededWithinADay)
{
    EXPECT_EQ(wait_after(1, std::chrono::seconds{10}), std::chrono::minutes{5});
    EXPECT_EQ(wait_after(1, hours{2}), hours{2});
    EXPECT_EQ(wait_after(1, hours{200}), hours{24});
}

TEST(Attempts, ComeBackAsTheyWereWritten)
{
    const Attempts attempts{"0f", 3, WallTime{} + hours{7}, "it \"failed\""};
    EXPECT_EQ(parse_attempts(format_attempts(attempts)), attempts);
    for (const auto* text : {"", "x", "[]", "{}", R"({"next":"tomorrow","failures":1})",
                             R"({"next":"2026-01-01T00:00:00Z","failures":-1})"})
        EXPECT_EQ(parse_attempts(text), std::nullopt) << text;
}

TEST(Attempts, HoldUpTheirOrderAloneAndNotForLongerThanADay)
{
    const WallTime now = WallTime{} + hours{1000};
    EXPECT_EQ(next_try(std::nullopt, "0f", now), now);
    EXPECT_EQ(next_try(Attempts{"0f", 1, now + hours{2}, ""}, "0f", now), now + hours{2});
    EXPECT_EQ(next_try(Attempts{"0f", 1, now - hours{2}, ""}, "0f", now), now);
    EXPECT_EQ(next_try(Attempts{"0f", 1, now + hours{2}, ""}, "10", now), now) << "another order";
    EXPECT_EQ(next_try(Attempts{"0f", 1, now + hours{9000}, ""}, "0f", now), now + hours{24})
        << "the clock was ahead";
}

}  // namespace
}  // namespace hermetic::acme
