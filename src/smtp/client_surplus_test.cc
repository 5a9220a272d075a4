// More replies than commands: what counts then.
#include "facts/reasons.h"
#include "smtp/client_transaction_fixture.h"

#include <gtest/gtest.h>

namespace hermetic::smtp {
namespace {

using facts::OutcomeClass;
using facts::Reason;
using facts::Stage;

// Replies that were told apart by their number alone: one too many, and nobody knows whose any was.
TEST_F(TransactionTest, MoreRepliesThanCommandsMakeEveryOneDoubtful)
{
    peer.chunking = true;
    talk({250, 250, 250});  // of two for RCPT the second stood for the message's
    EXPECT_EQ(outcome().result, OutcomeClass::Delivered);
    for (const auto* surplus : {"550 5.7.1 no\r\n", "250 2.0.0 taken\r\n", "garbage"}) {
        talk({250, 250, 250});
        transaction->on_surplus(surplus);
        EXPECT_EQ(outcome().result, OutcomeClass::Deferred) << surplus;
        EXPECT_EQ(outcome().reason, Reason::ReplyUnexpected);
        EXPECT_EQ(outcome().origin, facts::Origin::Local);
        EXPECT_EQ(outcome().stage, Stage::EndOfData);
        EXPECT_NE(outcome().text.find("may have been accepted"), std::string::npos);
    }
}

TEST_F(TransactionTest, ARefusalIsAsDoubtfulAsItsNeighbours)
{
    to("c@example.org");
    talk({250, 250, 550, 550});  // the second 550 stood for DATA's reply
    EXPECT_EQ(outcome(0).reason, Reason::DataRefused);
    transaction->on_surplus("354 go\r\n");
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(outcome(i).result, OutcomeClass::Deferred);
        EXPECT_EQ(outcome(i).stage, Stage::Rcpt) << "nothing was sent that could have been taken";
    }
    begin();
    hear(250);
    hear(452, "4.5.3 too many recipients");
    hear(452, "4.5.3 too many recipients");
    hear(503);
    transaction->on_surplus("503 x\r\n");
    EXPECT_FALSE(transaction->results()[0].too_many) << "nor is that known";
}

// What we refused ourselves nobody has answered.
TEST_F(TransactionTest, AnOutcomeOfOursIsNotDoubtful)
{
    to("c\xc3\xa9@example.org");
    peer.chunking = true;
    talk({250, 250, 250});
    transaction->on_surplus("550 no\r\n");
    EXPECT_EQ(outcome(0).reason, Reason::ReplyUnexpected);
    EXPECT_EQ(outcome(1).reason, Reason::ContentNeedsSmtputf8);
}

// A server that answers one RCPT twice: what stands behind it is the next one's.
TEST_F(TransactionTest, ARefusalThatCameTwiceIsNotTheNextRecipients)
{
    to("c@example.org");
    talk({250, 550, 550, 250});  // the last one is c's, and stands where DATA is answered
    EXPECT_EQ(last, Next::Close);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(outcome(i).result, OutcomeClass::Deferred);
        EXPECT_EQ(outcome(i).reason, Reason::ReplyUnexpected);
        EXPECT_EQ(outcome(i).origin, facts::Origin::Local);
        EXPECT_EQ(outcome(i).stage, Stage::Data) << "nothing was sent that could have been taken";
    }
}

TEST_F(TransactionTest, WhoRefusesTheOnlyRecipientAnswersDataWithNoSuccess)
{
    talk({250, 550, 250});
    EXPECT_EQ(last, Next::Close);
    EXPECT_EQ(outcome().result, OutcomeClass::Deferred);
    EXPECT_EQ(outcome().reason, Reason::ReplyUnexpected);
}

TEST_F(TransactionTest, NorDoesItTakeTheMessageBehindBdat)
{
    peer.chunking = true;
    talk({250, 550, 250});
    EXPECT_EQ(last, Next::Close);
    EXPECT_EQ(outcome().result, OutcomeClass::Deferred);
    EXPECT_EQ(outcome().reason, Reason::ReplyUnexpected);
    EXPECT_EQ(outcome().stage, Stage::EndOfData) << "somebody may have been sent it";
}

// What does not fit where it stands tells of those before it, too.
TEST_F(TransactionTest, AReplyOfNoCommandMakesThoseBeforeItDoubtful)
{
    to("c@example.org");
    to("d\xc3\xa9@example.org");
    talk({250, 550, 250, 250});
    EXPECT_EQ(outcome(0).reason, Reason::ReplyUnexpected);
    EXPECT_EQ(outcome(1).reason, Reason::ReplyUnexpected);
    EXPECT_EQ(outcome(2).reason, Reason::ContentNeedsSmtputf8) << "that is known without it";

    peer.pipelining = false;
    begin();
    hear(250);
    hear(550);
    transaction->on_lost(facts::local_outcome(Reason::ReplyUnexpected, Stage::Rcpt, "unasked"));
    EXPECT_EQ(outcome(0).result, OutcomeClass::Deferred);
    EXPECT_EQ(outcome(1).result, OutcomeClass::Deferred);

    begin();
    hear(250);
    hear(550);
    transaction->on_lost(facts::local_outcome(Reason::ConnectionClosed, Stage::Rcpt, "gone"));
    EXPECT_EQ(outcome(0).reason, Reason::RcptRefused) << "it was that recipient's";
}

// Else a server that answers every message twice would get it again and again.
TEST_F(TransactionTest, AReplyThatWasAwaitedAloneStandsWhereTheNextSaysTheSame)
{
    talk({250, 250, 354, 250});
    transaction->on_surplus("250 2.0.0 taken\r\n");
    EXPECT_EQ(outcome().result, OutcomeClass::Delivered);
    transaction->on_surplus("550 5.7.1 no\r\n");
    EXPECT_EQ(outcome().reason, Reason::ReplyUnexpected) << "the two contradict each other";
    dialect = Dialect::Lmtp;
    to("c@example.org");
    talk({250, 250, 250, 354, 250, 250});
    transaction->on_surplus("250 2.0.0 taken\r\n");
    EXPECT_EQ(outcome(1).reason, Reason::ReplyUnexpected) << "two were awaited together";
}

}  // namespace
}  // namespace hermetic::smtp
