#include "report/notice_limit.h"

#include "report/fixture_for_tests.h"

#include <memory>

namespace hermetic::report {
namespace {

class NoticeLimitTest : public NoticeFixture {};

TEST_F(NoticeLimitTest, AllowsABurstThenOneEachInterval)
{
    const auto limit = std::make_unique<NoticeLimit>(3, std::chrono::minutes{1});
    const auto to = mailbox("x@elsewhere.example");
    WallTime now = kAccepted;
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(limit->allow(to, now));
    EXPECT_FALSE(limit->allow(to, now));
    EXPECT_TRUE(limit->allow(mailbox("y@elsewhere.example"), now)) << "each address for itself";
    now += std::chrono::minutes{1};
    EXPECT_TRUE(limit->allow(to, now));
    EXPECT_FALSE(limit->allow(mailbox("X@ELSEWHERE.example"), now)) << "case does not help";
    now += std::chrono::hours{1};
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(limit->allow(to, now));
    EXPECT_FALSE(limit->allow(to, now));
    EXPECT_FALSE(limit->allow(to, kAccepted)) << "the clock was set back";
}

TEST_F(NoticeLimitTest, BoundsOnlySendersOutside)
{
    const auto limit = std::make_unique<NoticeLimit>(1, std::chrono::hours{1});
    for (int i = 0; i < 3; ++i) {
        auto in = input({refused()});
        in.limit = limit.get();
        EXPECT_TRUE(make_notice(in)) << "own sender";
    }
    about_.sender = mailbox("x@elsewhere.example");
    auto in = input({refused()});
    in.limit = limit.get();
    EXPECT_TRUE(make_notice(in));
    EXPECT_FALSE(make_notice(in));
}

}  // namespace
}  // namespace hermetic::report
