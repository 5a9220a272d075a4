// What setup says of a message that it sent, by what the server answers.
#include "setup/follow_message.h"

#include "net/core_fixture.h"
#include "setup/test_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace hermetic::setup {
namespace {

constexpr const char* kId = "01JABCDEFGHJKMNPQRSTVWXYZ0";

class SetupFollow : public testing::Test {
protected:
    // The answers to /v1/outcomes in their order, the last one again and again; then /v1/queue.
    Finding follow(std::deque<admin::Response> outcomes, admin::Response row, FollowTimes times)
    {
        Finding finding{};
        fixture_.run(follow_into(std::move(outcomes), std::move(row), times, finding));
        return finding;
    }

    std::vector<std::string> asked_;

private:
    net::Task<> follow_into(std::deque<admin::Response> outcomes, admin::Response row,
                            FollowTimes times, Finding& finding)
    {
        AskServer ask = [&](const std::string& target) -> Result<admin::Response, std::string> {
            asked_.push_back(target);
            if (target == std::string{"/v1/queue/"} + kId) return row;
            const admin::Response next = outcomes.front();
            if (outcomes.size() > 1) outcomes.pop_front();
            return next;
        };
        FollowedMail mail;
        mail.id = kId;
        mail.to = "a@b.test";
        finding = co_await follow_test_mail(fixture_.core, std::move(ask), std::move(mail), times);
    }

    net::CoreFixture fixture_;
};

const admin::Response kNone{404, "application/json", R"({"error":"no attempt"})"};
constexpr FollowTimes kPatient{std::chrono::milliseconds{1}, std::chrono::hours{1}};
constexpr FollowTimes kHasty{std::chrono::hours{1}, std::chrono::milliseconds{1}};

admin::Response answer(std::string body)
{
    return {200, "application/json", std::move(body)};
}

TEST_F(SetupFollow, WaitsForTheFirstAttemptAndSaysThatItDelivered)
{
    const auto finding =
        follow({kNone, kNone,
                answer(R"({"delivered":1,"failed":0,"deferred":0,"host":"mx.test",)"
                       R"("reason":"smtp.reply","text":"250 2.0.0 kept"})")},
               kNone, kPatient);
    EXPECT_EQ(finding.id, FindingId::MessageDelivered);
    EXPECT_EQ(finding.subject, "test message to a@b.test");
    EXPECT_EQ(finding.seen, "smtp.reply, mx.test, 250 2.0.0 kept");
    EXPECT_THAT(asked_, testing::Each(std::string{"/v1/outcomes/"} + kId));
    EXPECT_EQ(asked_.size(), 3U);
}

TEST_F(SetupFollow, SaysWhyItWaitsOrWasReturned)
{
    auto finding = follow({answer(R"({"delivered":0,"failed":0,"deferred":1,"host":"",)"
                                  R"("reason":"connect.refused","text":"nobody listens"})")},
                          kNone, kPatient);
    EXPECT_EQ(finding.id, FindingId::MessageWaits);
    EXPECT_EQ(finding.seen, "connect.refused, nobody listens");
    finding = follow({answer(R"({"delivered":0,"failed":1,"deferred":0,"host":"mx.test",)"
                             R"("reason":"smtp.reply","text":"550 5.1.1 nobody"})")},
                     kNone, kPatient);
    EXPECT_EQ(finding.id, FindingId::MessageReturned);
    EXPECT_EQ(finding.seen, "smtp.reply, mx.test, 550 5.1.1 nobody");
}

TEST_F(SetupFollow, WithoutAnAttemptInTimeTheQueueIsAsked)
{
    auto finding = follow(
        {kNone}, answer(R"({"state":"waiting","waits_for":"the destination is paused"})"), kHasty);
    EXPECT_EQ(finding.id, FindingId::MessageWaits);
    EXPECT_EQ(finding.seen, "it has not been tried: waiting, the destination is paused");
    finding = follow({kNone}, answer(R"({"state":"under-way","waits_for":""})"), kHasty);
    EXPECT_EQ(finding.seen, "it has not been tried: under-way");
}

TEST_F(SetupFollow, WhatHasGoneUnseenIsUnknown)
{
    EXPECT_EQ(follow({kNone}, kNone, kHasty).id, FindingId::MessageUnknown);
    EXPECT_EQ(follow({answer("no JSON")}, answer("[]"), kHasty).id, FindingId::MessageUnknown);
}

TEST(SetupTestMail, TheReplyHasTheIdOfWhatWasTaken)
{
    EXPECT_EQ(message_id_in(std::string{"2.0.0 "} + kId + " accepted"), kId);
    EXPECT_EQ(message_id_in("2.0.0 queued as 4XyZ"), "");
    EXPECT_EQ(message_id_in(""), "");
}

}  // namespace
}  // namespace hermetic::setup
