#include "settlement/split.h"

#include "settlement/settle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::settlement {
namespace {

using std::chrono::hours;
using testing::ElementsAre;

class SplitTest : public testing::Test {
protected:
    SplitTest()
    {
        objects::Snapshot::Contents contents;
        contents.organizations.resize(1);
        contents.organizations[0].name = "Example";
        snapshot = std::make_unique<objects::Snapshot>(std::move(contents));
        mail::Envelope envelope;
        envelope.sender = *mail::parse_mailbox("a@sender.test");
        for (const auto* each : {"b@one.test", "c@two.test", "d@done.test", "e@three.test"}) {
            envelope.recipients.push_back({.address = *mail::parse_mailbox(each), .orcpt = ""});
        }
        envelope.accepted_as.bytes[15] = 1;
        message.id = envelope.accepted_as;
        message.envelope = std::make_shared<const mail::Envelope>(std::move(envelope));
        message.body.id.bytes[15] = 2;
        message.state.attempts = 3;
        message.state.next_attempt = now + hours{1};
        message.state.held = true;
        message.state.finished = {2};
        message.state.last_reason = "connect.refused";
        message.state.last_attempt = "Host: mx\n";
    }

    const WallTime now{hours{24 * 365 * 50}};
    const std::vector<RouteGroup> leaving{{{}, {1}}, {{}, {3}}};
    spool::StoredMessage message;
    std::unique_ptr<objects::Snapshot> snapshot;
    IdSource ids{1, 1};
};

TEST_F(SplitTest, EveryPartIsTheMessageForItsOwnRecipients)
{
    const Split made = split(message, leaving, now, ids);
    EXPECT_THAT(made.moved, ElementsAre(1U, 3U));
    ASSERT_EQ(made.parts.size(), 2U);
    const spool::StoredMessage& part = *made.parts[1];
    EXPECT_NE(part.id, message.id);
    EXPECT_NE(part.id, made.parts[0]->id);
    EXPECT_EQ(part.body.id, message.body.id) << "the body is shared";
    EXPECT_EQ(part.envelope->accepted_as, message.id) << "what its sender was told";
    ASSERT_EQ(part.envelope->recipients.size(), 1U);
    EXPECT_EQ(part.envelope->recipients[0].address.format(), "e@three.test");
    spool::MessageState expected = message.state;
    expected.finished.clear();
    EXPECT_EQ(part.state, expected);
}

TEST_F(SplitTest, RecipientsAreGroupedByTheirRoute)
{
    routing::Route one;
    one.domain = "one.test";
    routing::Route other;
    other.domain = "other.test";
    const auto groups =
        group_by_route(message, {0, 1, 3}, [&](const mail::Mailbox& to) -> const routing::Route& {
            return to.format() == "c@two.test" ? other : one;
        });
    ASSERT_EQ(groups.size(), 2U);
    EXPECT_EQ(groups[0].route, one);
    EXPECT_THAT(groups[0].recipients, ElementsAre(0U, 3U));
    EXPECT_EQ(groups[1].route, other);
    EXPECT_THAT(groups[1].recipients, ElementsAre(1U));
}

// An attempt on the new way that is made before its time does not count (queue/retry.h).
TEST_F(SplitTest, WhoStaysIsLeftAsHeWas)
{
    Settlement input;
    input.message = &message;
    input.change.lease.id = message.id;
    input.split = split(message, leaving, now, ids);
    input.snapshot = snapshot.get();
    input.now = now;
    Random random{1};
    const Settlement settlement = settle(std::move(input), random, ids);
    EXPECT_EQ(settlement.change.kind, spool::Change::Kind::Deferred);
    EXPECT_EQ(settlement.change.lease.id, message.id);
    EXPECT_EQ(settlement.change.new_messages.size(), 2U) << "in the same change";
    EXPECT_TRUE(settlement.notices.empty());
    spool::MessageState expected = message.state;
    expected.finished = {1, 2, 3};
    EXPECT_EQ(settlement.change.state, expected);
}

}  // namespace
}  // namespace hermetic::settlement
