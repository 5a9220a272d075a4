// Messages whose text cannot be read back: they are seen in the queue, and their senders are told.
#include "delivery/service.h"
#include "delivery/service_fixture.h"
#include "facts/reasons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::delivery {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class Unreadable : public DeliveryTest {
protected:
    // Stored in the database: its octets are gone, its envelope is not.
    std::shared_ptr<spool::StoredMessage> message_without_text()
    {
        auto message = make_message({"b@other.test"}, "Subject: lost\r\n\r\nlost\r\n");
        message->body.bytes = {};
        return message;
    }
};

TEST_F(Unreadable, IsAnOutcomeAndKeepsNobodyBusy)
{
    auto& peer = peer_for("other.test", {});
    const auto report =
        deliver(grant_for({message_without_text(), make_message({"c@other.test"})}));
    EXPECT_EQ(report.deferred, 1U);
    EXPECT_EQ(report.delivered, 1U) << "the other one";
    EXPECT_TRUE(report.untouched.empty());
    EXPECT_THAT(peer.messages, SizeIs(1));
    ASSERT_THAT(spool.changes, SizeIs(2));
    EXPECT_EQ(spool.changes[0].kind, spool::Change::Kind::Deferred);
    EXPECT_EQ(spool.changes[0].state.last_reason, "spool.read-failed");
    EXPECT_EQ(spool.changes[0].state.attempts, 1U);
}

TEST_F(Unreadable, ExpiresWithANotice)
{
    (void)peer_for("other.test", {});
    auto message = message_without_text();
    auto envelope = *message->envelope;
    envelope.accepted_at -= std::chrono::hours{24 * 6};
    message->envelope = std::make_shared<const mail::Envelope>(std::move(envelope));
    (void)deliver(message);
    ASSERT_THAT(spool.changes, SizeIs(1));
    EXPECT_EQ(spool.changes[0].kind, spool::Change::Kind::Finished);
    ASSERT_THAT(spool.changes[0].new_messages, SizeIs(1));
    EXPECT_THAT(std::string{spool.changes[0].new_messages[0]->body.bytes.view()},
                HasSubstr("5.3.0"));
}

}  // namespace
}  // namespace hermetic::delivery
