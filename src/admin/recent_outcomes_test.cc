#include "admin/recent_outcomes.h"

#include <gtest/gtest.h>

namespace hermetic::admin {
namespace {

using facts::OutcomeClass;

MessageId id_of(std::uint8_t last, std::uint8_t before = 0)
{
    MessageId id;
    id.bytes[14] = before;
    id.bytes[15] = last;
    return id;
}

class RecentOutcomesTest : public testing::Test {
protected:
    void attempt(MessageId id, const std::vector<OutcomeClass>& results)
    {
        attempt_part(id, id, results);
    }
    void attempt_part(MessageId id, MessageId part, const std::vector<OutcomeClass>& results)
    {
        facts::Attempt made;
        made.message = part;
        made.accepted_as = id;
        made.host = "mx.test";
        for (const OutcomeClass each : results) {
            made.parts.emplace_back();
            made.parts.back().outcome.result = each;
            made.parts.back().outcome.text = std::string{facts::name(each)};
        }
        const events::Event event{{}, 1, std::move(made)};
        const events::Event* const one[] = {&event};
        recent_.take(one);
    }

    RecentOutcomes recent_;
};

TEST_F(RecentOutcomesTest, OfAMessageNobodyTriedThereAreNone)
{
    EXPECT_FALSE(recent_.find(id_of(1)));
    attempt(id_of(1), {});
    EXPECT_FALSE(recent_.find(id_of(1)));
}

TEST_F(RecentOutcomesTest, TheLastAttemptSaysWhyAndWhoHasItIsAddedUp)
{
    attempt(id_of(1), {OutcomeClass::Delivered, OutcomeClass::Deferred, OutcomeClass::Deferred});
    auto found = recent_.find(id_of(1));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->outcome.text, "deferred");
    EXPECT_EQ(found->deferred, 2U);
    attempt(id_of(1), {OutcomeClass::Failed, OutcomeClass::Delivered});
    found = recent_.find(id_of(1));
    EXPECT_EQ(found->delivered, 2U);
    EXPECT_EQ(found->failed, 1U);
    EXPECT_EQ(found->deferred, 0U);
    EXPECT_EQ(found->outcome.text, "failed");
    EXPECT_EQ(found->host, "mx.test");
}

TEST_F(RecentOutcomesTest, APartThatWaitsIsNotForgottenWhereAnotherIsDone)
{
    attempt_part(id_of(1), id_of(1), {OutcomeClass::Deferred, OutcomeClass::Deferred});
    attempt_part(id_of(1), id_of(2), {OutcomeClass::Delivered});
    auto found = recent_.find(id_of(1));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->deferred, 2U);
    EXPECT_EQ(found->delivered, 1U);
    attempt_part(id_of(1), id_of(1), {OutcomeClass::Delivered, OutcomeClass::Deferred});
    EXPECT_EQ(recent_.find(id_of(1))->deferred, 1U);
    attempt_part(id_of(1), id_of(1), {OutcomeClass::Delivered});
    found = recent_.find(id_of(1));
    EXPECT_EQ(found->deferred, 0U);
    EXPECT_EQ(found->delivered, 3U);
}

TEST_F(RecentOutcomesTest, TheOldestMakesRoom)
{
    for (std::size_t i = 0; i <= RecentOutcomes::kMost; ++i) {
        attempt(id_of(static_cast<std::uint8_t>(i % 256), static_cast<std::uint8_t>(i / 256)),
                {OutcomeClass::Delivered});
    }
    EXPECT_FALSE(recent_.find(id_of(0)));
    EXPECT_TRUE(recent_.find(id_of(1)));
    EXPECT_TRUE(recent_.find(id_of(1000 % 256, 1000 / 256)));
}

}  // namespace
}  // namespace hermetic::admin
