#include "queue/summary.h"

#include <gtest/gtest.h>

namespace hermetic::queue {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr WallTime kNow{hours{24 * 365 * 50}};

MessageView view(std::string_view destination, std::string_view reason, Duration age)
{
    MessageView message;
    message.destination = destination;
    message.reason = reason;
    message.size = 100;
    message.accepted_at = kNow - std::chrono::duration_cast<WallTime::duration>(age);
    return message;
}

TEST(Summary, CountsByDestinationAndReasonWithAges)
{
    Summary summary;
    summary.add(view("mx:a.test", "rcpt.deferred", minutes{1}), kNow);
    auto behind = view("mx:b.test", "rcpt.deferred", hours{48});
    behind.waits_for = "connect.refused";
    summary.add(behind, kNow);
    behind.accepted_at = kNow - minutes{5};
    behind.state = State::Held;
    summary.add(behind, kNow);
    const auto all = summary.rows(10);
    ASSERT_EQ(all.rows.size(), 2U);
    EXPECT_EQ(all.rows[0].destination, "mx:b.test") << "most messages first";
    EXPECT_EQ(all.rows[0].reason, "connect.refused") << "why it waits";
    EXPECT_EQ(all.rows[0].messages, 2U);
    EXPECT_EQ(all.rows[0].held, 1U);
    EXPECT_EQ(all.rows[0].octets, 200U);
    EXPECT_EQ(all.rows[0].oldest, kNow - hours{48});
    EXPECT_EQ(all.rows[0].by_age[0], 0U);
    EXPECT_EQ(all.rows[0].by_age[1], 1U) << "5 minutes are not below 5";
    EXPECT_EQ(all.rows[0].by_age.back(), 1U);
    EXPECT_EQ(all.total.messages, 3U);
    EXPECT_EQ(all.left_out, 0U);
}

TEST(Summary, IsBoundedAndLosesNothing)
{
    Summary summary;
    for (int i = 0; i < 500; ++i)
        summary.add(view("mx:" + std::to_string(i) + ".test", "rcpt.deferred", minutes{1}), kNow);
    const auto all = summary.rows(20);
    EXPECT_EQ(all.rows.size(), 20U);
    EXPECT_EQ(all.left_out, 480U);
    EXPECT_EQ(all.others.messages, 480U);
    EXPECT_EQ(all.total.messages, 500U);
}

}  // namespace
}  // namespace hermetic::queue
