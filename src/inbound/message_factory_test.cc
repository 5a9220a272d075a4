#include "inbound/message_factory.h"

#include <gtest/gtest.h>

namespace hermetic::inbound {
namespace {

class MessageFactory : public testing::Test {
protected:
    MessageFactory()
    {
        transaction_.sender = *mail::parse_mailbox("a@example.com");
        transaction_.intake =
            std::make_unique<smtp::MessageIntake>(smtp::MessageIntake::Framing::Data, limits_);
    }

    void to(const char* address)
    {
        transaction_.recipients.push_back({*mail::parse_mailbox(address), 0, ""});
    }
    void message(std::string_view text)
    {
        while (!text.empty()) text.remove_prefix(transaction_.intake->next(text).consumed);
    }
    SplitMessage split()
    {
        const MessageId id = ids_.next<MessageId>(WallTime{});
        return split_by_route({transaction_, snapshot_, id, {}, {}, WallTime{}}, ids_);
    }

    config::LimitOptions limits_;
    smtp::Transaction transaction_;
    objects::Snapshot snapshot_{objects::Snapshot::Contents{}};
    IdSource ids_{1, 0};
};

TEST_F(MessageFactory, MakesOneMessageForEachRouteInOrder)
{
    to("a@one.example");
    to("b@two.example");
    to("c@one.example");
    to("c@one.example");  // LMTP may repeat itself
    message("\r\n.\r\n");
    const SplitMessage result = split();
    ASSERT_EQ(result.messages.size(), 2U);
    EXPECT_EQ(result.messages[0]->envelope->recipients.size(), 2U);
    EXPECT_EQ(result.messages[1]->envelope->recipients.size(), 1U);
    EXPECT_EQ(result.messages[1]->envelope->accepted_as, result.messages[0]->id);
    EXPECT_LT(result.messages[0]->id, result.messages[1]->id);
    EXPECT_EQ(result.routes.size(), 2U);
}

// RFC 8689 §4.1: every part is marked, and what MAIL said stays apart from what the header says.
TEST_F(MessageFactory, MarksEveryPartWithWhatTheMessageAsksOfTls)
{
    to("a@one.example");
    to("b@two.example");
    transaction_.requiretls = true;
    message("Subject: x\r\nTLS-Required: No\r\n\r\nTLS-Required: no\r\n.\r\n");
    SplitMessage result = split();
    ASSERT_EQ(result.messages.size(), 2U);
    for (const auto& part : result.messages) {
        EXPECT_TRUE(part->envelope->tls.tls_required_no);
        EXPECT_FALSE(part->envelope->tls.lifts()) << "ignored beside REQUIRETLS";
    }
    transaction_.requiretls = false;
    result = split();
    for (const auto& part : result.messages) EXPECT_TRUE(part->envelope->tls.lifts());
}

TEST_F(MessageFactory, WithoutTheFieldNothingIsLifted)
{
    to("a@one.example");
    message("Subject: x\r\n\r\nTLS-Required: No\r\n.\r\n");
    EXPECT_EQ(split().messages[0]->envelope->tls, mail::TlsRequests{});
}

TEST_F(MessageFactory, TakesTheBodyForWhatItIs)
{
    to("a@one.example");
    transaction_.declared_eight_bit = true;
    message("Subject: x\r\n\r\nplain\r\n.\r\n");
    EXPECT_EQ(split().messages[0]->envelope->body_type, mail::BodyType::SevenBit);
}

TEST_F(MessageFactory, TakesUndeclaredEightBitForWhatItIs)
{
    to("a@one.example");
    message("Subject: x\r\n\r\n\xc3\xa9\r\n.\r\n");
    EXPECT_EQ(split().messages[0]->envelope->body_type, mail::BodyType::EightBitMime);
    EXPECT_FALSE(split().messages[0]->envelope->smtputf8);
}

TEST_F(MessageFactory, AsksForSmtputf8OnlyWhereItIsNeeded)
{
    transaction_.smtputf8 = true;
    to("a@one.example");
    to("b\xc3\xa9@two.example");
    message("Subject: x\r\n\r\nplain\r\n.\r\n");
    const SplitMessage result = split();
    EXPECT_FALSE(result.messages[0]->envelope->smtputf8);
    EXPECT_TRUE(result.messages[1]->envelope->smtputf8);
}

TEST_F(MessageFactory, AsksForSmtputf8WhereTheHeaderHasUtf8)
{
    transaction_.smtputf8 = true;
    to("a@one.example");
    message("Subject: \xc3\xa9\r\n\r\n.\r\n");
    EXPECT_TRUE(split().messages[0]->envelope->smtputf8);
}

}  // namespace
}  // namespace hermetic::inbound
