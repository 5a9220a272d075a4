#include "load/send_result.h"

#include <gtest/gtest.h>

namespace hermetic::load {
namespace {

TEST(SendResult, CountsRepliesThatDifferInTheirMessageOnlyAsOne)
{
    SendResult result(0);
    result.note_error("550 5.1.1 <u1@a.test>: no such user [mx.a.test 2026-11-21T10:00:00Z 0a1]");
    result.note_error("550 5.1.1 <u2@a.test>: no such user [mx.a.test 2026-11-21T10:00:01Z 0a2]");
    ASSERT_EQ(result.errors.size(), 1U);
    EXPECT_EQ(result.errors.begin()->first, "550 5.1.1 # no such user [mx.a.test # #");
    EXPECT_EQ(result.errors.begin()->second, 2U);
}

TEST(SendResult, KeepsTwentyErrorsAtMostAndCountsTheOthersTogether)
{
    SendResult one(0);
    SendResult other(0);
    for (char c = 'a'; c <= 'z'; ++c) {
        one.note_error(std::string(1, c));
        other.note_error(std::string(2, c));
    }
    one.add(other);
    EXPECT_EQ(one.errors.size(), SendResult::kMostErrors);
    std::uint64_t sum = 0;
    for (const auto& [text, count] : one.errors) {
        sum += count;
    }
    EXPECT_EQ(sum, 52U);
    EXPECT_TRUE(one.errors.contains("others"));
}

TEST(SendResult, AddsUpOverThreads)
{
    SendResult one(0);
    SendResult other(0);
    one.sent = 1;
    other.sent = 2;
    other.deferred = 3;
    other.mail_to_250.record(1000);
    one.add(other);
    EXPECT_EQ(one.sent, 3U);
    EXPECT_EQ(one.deferred, 3U);
    EXPECT_EQ(one.mail_to_250.count(), 1U);
}

}  // namespace
}  // namespace hermetic::load
