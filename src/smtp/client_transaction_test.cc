#include "smtp/client_transaction.h"

#include "core/text.h"
#include "facts/reasons.h"
#include "smtp/client_transaction_fixture.h"

#include <gtest/gtest.h>

namespace hermetic::smtp {
namespace {

using facts::OutcomeClass;
using facts::Stage;
using Next = ClientTransaction::Next;
using facts::Reason;

TEST_F(TransactionTest, PipelinesTheEnvelopeAndData)
{
    to("c@example.org");
    talk({250, 250, 250, 354, 250});
    EXPECT_EQ(transcript,
              "C: MAIL FROM:<a@sender.test>|RCPT TO:<b@example.org>|RCPT TO:<c@example.org>|DATA|\n"
              "S: 250\nS: 250\nS: 250\nS: 354\nC: (body, dotted)\nS: 250\n");
    EXPECT_EQ(last, Next::Done);
    EXPECT_EQ(outcome(0).result, OutcomeClass::Delivered);
    EXPECT_EQ(outcome(1).stage, Stage::Done);
    EXPECT_FALSE(transaction->leaves_reset_due());
}

TEST_F(TransactionTest, GoesStepByStepWithoutPipelining)
{
    peer.pipelining = false;
    talk({250, 250, 354, 250});
    EXPECT_EQ(transcript,
              "C: MAIL FROM:<a@sender.test>|\nS: 250\nC: RCPT TO:<b@example.org>|\nS: 250\n"
              "C: DATA|\nS: 354\nC: (body, dotted)\nS: 250\n");
    EXPECT_EQ(outcome().result, OutcomeClass::Delivered);
}

TEST_F(TransactionTest, SmallMessageGoesInOneWriteWithBdat)
{
    peer.chunking = true;
    talk({250, 250, 250});
    EXPECT_EQ(transcript,
              "C: MAIL FROM:<a@sender.test>|RCPT TO:<b@example.org>|BDAT 21 LAST|"
              "Subject: x||hello|\nS: 250\nS: 250\nS: 250\n");
    EXPECT_EQ(outcome().result, OutcomeClass::Delivered);
}

TEST_F(TransactionTest, LargeMessageWaitsForTheRecipientsBeforeBdat)
{
    peer.chunking = true;
    size = 1U << 20;
    talk({250, 250, 250});
    EXPECT_EQ(transcript,
              "C: MAIL FROM:<a@sender.test>|RCPT TO:<b@example.org>|\nS: 250\nS: 250\n"
              "C: BDAT 1048576 LAST|\nC: (body)\nS: 250\n");
}

// RFC 3207 §4: it may answer 530 to every command until then, and does not read a chunk for that.
TEST_F(TransactionTest, InClearNoMessageGoesBeforeAServerThatOffersStartTlsHasTakenTheRecipients)
{
    peer.chunking = true;
    peer.starttls = true;
    talk({530, 530});
    EXPECT_EQ(transcript,
              "C: MAIL FROM:<a@sender.test>|RCPT TO:<b@example.org>|\nS: 530\nS: 530\n");
    EXPECT_EQ(last, Next::Done);
    EXPECT_EQ(outcome().reason, Reason::MailRefused);
    transcript.clear();
    talk({250, 250, 250});
    EXPECT_EQ(transcript,
              "C: MAIL FROM:<a@sender.test>|RCPT TO:<b@example.org>|\nS: 250\nS: 250\n"
              "C: BDAT 21 LAST|\nC: (body)\nS: 250\n");
    EXPECT_EQ(outcome().result, OutcomeClass::Delivered);
}

TEST_F(TransactionTest, LargeMessageIsNotSentToNobody)
{
    peer.chunking = true;
    size = 1U << 20;
    talk({250, 550});
    EXPECT_EQ(last, Next::Done);
    EXPECT_EQ(outcome().result, OutcomeClass::Failed);
    EXPECT_TRUE(transaction->leaves_reset_due());
}

TEST_F(TransactionTest, PartOfTheRecipientsIsRefused)
{
    to("c@example.org");
    to("d@example.org");
    begin();
    hear(250);
    hear(550, "5.1.1 unknown");
    hear(250);
    hear(450, "4.2.1 busy");
    hear(354);
    hear(250, "2.0.0 queued");
    EXPECT_EQ(outcome(0).result, OutcomeClass::Failed);
    EXPECT_EQ(outcome(0).reason, Reason::RcptRefused);
    EXPECT_EQ(outcome(0).text, "5.1.1 unknown");
    EXPECT_EQ(outcome(0).enhanced.format(), "5.1.1");
    EXPECT_EQ(outcome(1).result, OutcomeClass::Delivered);
    EXPECT_EQ(outcome(1).text, "2.0.0 queued");
    EXPECT_EQ(outcome(2).result, OutcomeClass::Deferred);
    EXPECT_EQ(outcome(2).reason, Reason::RcptDeferred);
}

TEST_F(TransactionTest, LoneDotWhereEveryRecipientIsRefusedButDataIsTaken)
{
    talk({250, 550, 354, 554});
    EXPECT_NE(transcript.find("S: 354\nC: .|\nS: 554\n"), std::string::npos) << transcript;
    EXPECT_EQ(last, Next::Done);
    EXPECT_EQ(outcome().reason, Reason::RcptRefused);
    EXPECT_FALSE(transaction->leaves_reset_due());
}

TEST_F(TransactionTest, AnAcceptedEmptyMessageDeliversNothing)
{
    talk({250, 550, 354, 250});
    EXPECT_EQ(outcome().result, OutcomeClass::Failed);
}

TEST_F(TransactionTest, AllRefusedAndDataRefusedLeavesAReset)
{
    talk({250, 550, 503});
    EXPECT_EQ(last, Next::Done);
    EXPECT_EQ(outcome().reason, Reason::RcptRefused);
    EXPECT_TRUE(transaction->leaves_reset_due());

    transcript.clear();
    reset_first = true;
    talk({250, 250, 250, 354, 250});
    EXPECT_EQ(transcript.substr(0, 34), "C: RSET|MAIL FROM:<a@sender.test>|");
    EXPECT_FALSE(transaction->leaves_reset_due());
}

TEST_F(TransactionTest, RefusedMailIsTheOutcomeOfEveryRecipient)
{
    to("c@example.org");
    begin();
    hear(451, "4.7.1 greylisted");
    hear(503);
    hear(503);
    hear(503);
    EXPECT_EQ(last, Next::Done);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(outcome(i).stage, Stage::Mail);
        EXPECT_EQ(outcome(i).reason, Reason::MailDeferred);
        EXPECT_EQ(outcome(i).text, "4.7.1 greylisted");
    }
    EXPECT_FALSE(transaction->leaves_reset_due());
}

TEST_F(TransactionTest, RefusedMailButTakenDataGetsALoneDot)
{
    talk({550, 250, 354, 250});
    EXPECT_NE(transcript.find("C: .|"), std::string::npos);
    EXPECT_EQ(outcome().reason, Reason::MailRefused);
}

TEST_F(TransactionTest, WithoutPipeliningARefusedMailEndsIt)
{
    peer.pipelining = false;
    talk({550});
    EXPECT_EQ(transcript, "C: MAIL FROM:<a@sender.test>|\nS: 550\n");
    EXPECT_EQ(last, Next::Done);
}

TEST_F(TransactionTest, RefusedDataIsTheOutcomeOfAcceptedRecipientsOnly)
{
    to("c@example.org");
    talk({250, 250, 550, 451});
    EXPECT_EQ(outcome(0).reason, Reason::DataDeferred);
    EXPECT_EQ(outcome(1).reason, Reason::RcptRefused);
    EXPECT_TRUE(transaction->leaves_reset_due());
}

TEST_F(TransactionTest, RefusedEndOfData)
{
    talk({250, 250, 354, 554});
    EXPECT_EQ(outcome().stage, Stage::EndOfData);
    EXPECT_EQ(outcome().reason, Reason::EndOfDataRefused);
}

// It has not come to the end of the data: another host may take the message.
TEST_F(TransactionTest, ARefusalWhileTheMessageIsSentIsOneOfDataInBothDialects)
{
    for (const Dialect each : {Dialect::Smtp, Dialect::Lmtp}) {
        dialect = each;
        begin();
        hear(250);
        hear(250);
        ASSERT_EQ(transaction->on_reply(PeerReply{354, "go"}).next, Next::SendBody);
        transaction->on_early_refusal(PeerReply{452, "4.3.1 full"});
        EXPECT_EQ(outcome().stage, Stage::Data);
        EXPECT_EQ(outcome().reason, Reason::DataDeferred);
        EXPECT_EQ(outcome().text, "4.3.1 full");
        EXPECT_FALSE(transaction->may_be_taken(ClientTransaction::Written::Part));
        EXPECT_FALSE(transaction->knows_no_bdat());
    }
}

TEST_F(TransactionTest, WhoAnswersTheLinesOfALargeMessageKnowsNoBdat)
{
    peer.pipelining = false;
    peer.chunking = true;
    size = 1U << 20;
    begin();
    hear(250);
    ASSERT_EQ(transaction->on_reply(PeerReply{250, "ok"}).next, Next::SendBody);
    transaction->on_early_refusal(PeerReply{500, "5.5.1 what?"});
    EXPECT_TRUE(transaction->knows_no_bdat());
}

TEST_F(TransactionTest, BusyAtAnyTimeEndsTheConnection)
{
    for (std::size_t at = 0; at < 4; ++at) {
        SCOPED_TRACE(at);
        transcript.clear();
        std::vector<int> codes{250, 250, 354, 250};
        codes.resize(at);
        codes.push_back(421);
        talk(codes);
        EXPECT_EQ(last, Next::Close);
        EXPECT_EQ(outcome().result, OutcomeClass::Deferred);
        EXPECT_EQ(outcome().code, 421);
        EXPECT_TRUE(transaction->peer_is_busy());
        EXPECT_EQ(transaction->untouched(), at == 0);
    }
}

TEST_F(TransactionTest, LostConnectionKeepsWhatWasDecidedAndTellsTheStage)
{
    to("c@example.org");
    begin();
    EXPECT_TRUE(transaction->untouched());
    hear(250);
    EXPECT_FALSE(transaction->untouched());
    hear(550);
    facts::Outcome lost;
    lost.reason = Reason::ConnectionClosed;
    transaction->on_lost(lost);
    EXPECT_EQ(outcome(0).reason, Reason::RcptRefused);
    EXPECT_EQ(outcome(1).reason, Reason::ConnectionClosed);
    EXPECT_EQ(outcome(1).stage, Stage::Rcpt);
}

TEST_F(TransactionTest, APeerThatOffersChunkingAndDoesNotKnowBdatIsToldApart)
{
    peer.chunking = true;
    for (const int code : {500, 502}) {
        talk({250, 250, code});
        EXPECT_TRUE(transaction->knows_no_bdat());
        EXPECT_EQ(last, Next::Close) << "it may take the message for commands";
    }
    talk({250, 250, 554});
    EXPECT_FALSE(transaction->knows_no_bdat());
    EXPECT_EQ(last, Next::Done);
    peer.chunking = false;
    talk({250, 250, 500});
    EXPECT_FALSE(transaction->knows_no_bdat());
}

// A retry may deliver twice what went out whole, also before MAIL was answered.
TEST_F(TransactionTest, ALossAfterTheLastOctetIsOneAtTheEndOfTheMessage)
{
    using Written = ClientTransaction::Written;
    facts::Outcome lost;
    lost.reason = Reason::ConnectionClosed;
    const auto stage_after = [&](std::vector<int> codes, Written written = Written::All) {
        talk(codes);
        transaction->on_lost(lost, written);
        return outcome().stage;
    };
    peer.chunking = true;
    EXPECT_EQ(stage_after({}), Stage::EndOfData);
    EXPECT_NE(outcome().text.find("may have been accepted"), std::string::npos) << outcome().text;
    EXPECT_EQ(stage_after({250}), Stage::EndOfData);
    EXPECT_EQ(stage_after({}, Written::Part), Stage::Mail);
    EXPECT_EQ(stage_after({250}, Written::Part), Stage::Rcpt);
    talk({354});
    EXPECT_EQ(outcome().stage, Stage::EndOfData) << "and what answers nothing tells nothing";
    size = 1U << 20;
    EXPECT_EQ(stage_after({}), Stage::Mail);
    size = 0;
    peer.chunking = false;
    EXPECT_EQ(stage_after({}), Stage::Mail);
    EXPECT_EQ(stage_after({250, 250}), Stage::Data);
    EXPECT_EQ(stage_after({250, 250, 354}), Stage::EndOfData);
}

TEST_F(TransactionTest, UnexpectedRepliesEndTheConnection)
{
    for (const auto& codes :
         std::vector<std::vector<int>>{{354}, {250, 354}, {250, 250, 250}, {250, 250, 354, 354}}) {
        transcript.clear();
        talk(codes);
        EXPECT_EQ(last, Next::Close) << transcript;
        EXPECT_EQ(outcome().reason, Reason::ReplyUnexpected);
        EXPECT_EQ(outcome().origin, facts::Origin::Local);
    }
}

TEST_F(TransactionTest, ThePeersWordsAreBounded)
{
    begin();
    hear(550, "5.7.1 " + std::string(30'000, 'x'));
    EXPECT_LT(outcome().text.size(), 5000U);
    EXPECT_TRUE(outcome().text.ends_with("xx ..."));
}

TEST_F(TransactionTest, TooManyRecipientsAreMarkedForAnotherTransaction)
{
    to("c@example.org");
    to("d@example.org");
    to("e@example.org");
    begin();
    hear(250);
    hear(250);
    hear(452, "4.5.3 too many recipients");
    hear(552, "too many recipients");
    hear(552, "5.2.2 mailbox full");
    hear(354);
    hear(250);
    EXPECT_FALSE(transaction->results()[0].too_many);
    EXPECT_TRUE(transaction->results()[1].too_many);
    EXPECT_TRUE(transaction->results()[2].too_many);
    EXPECT_EQ(outcome(2).result, OutcomeClass::Deferred) << "552 counts as 452";
    EXPECT_EQ(outcome(2).reason, Reason::RcptDeferred);
    EXPECT_FALSE(transaction->results()[3].too_many);
    EXPECT_EQ(outcome(3).result, OutcomeClass::Failed);
}

TEST_F(TransactionTest, CommandsUnderWayAreBounded)
{
    for (int i = 0; i < 250; ++i) to("r" + std::to_string(i) + "@example.org");
    begin();
    const auto count = [&](std::string_view word) {
        std::size_t found = 0;
        for (auto at = transcript.find(word); at != std::string::npos;
             at = transcript.find(word, at + 1)) {
            ++found;
        }
        return found;
    };
    EXPECT_EQ(count("RCPT TO"), ClientTransaction::kMaxOutstanding - 1);
    for (int i = 0; i < 51; ++i) hear(250);
    EXPECT_GT(count("RCPT TO"), ClientTransaction::kMaxOutstanding);
    EXPECT_EQ(count("C: "), 2U) << "in few writes";
    while (last == Next::ReadReply && count("DATA|") == 0) hear(250);
    EXPECT_EQ(count("RCPT TO"), 251U);
}

// What is written behind commands that are not answered yet says how many replies may come before
// its own; the message itself is not among it.
TEST_F(TransactionTest, BehindManyRecipientsTheMessageWaitsForEveryReply)
{
    peer.chunking = true;
    for (int i = 0; i < 120; ++i) to("r" + std::to_string(i) + "@example.org");
    begin();
    EXPECT_EQ(due, 0U);
    for (int i = 0; i < 51; ++i) hear(250);
    EXPECT_EQ(due, 49U);
    EXPECT_EQ(transcript.find("BDAT"), std::string::npos) << "replies are under way";
    for (int i = 51; i < 121; ++i) hear(250);
    EXPECT_EQ(transcript.find("BDAT"), std::string::npos);
    hear(250);
    EXPECT_NE(transcript.find("BDAT"), std::string::npos);
    EXPECT_EQ(due, 0U);
    hear(250);
    EXPECT_EQ(last, Next::Done);
    EXPECT_EQ(outcome(120).result, OutcomeClass::Delivered);
}

TEST_F(TransactionTest, ParametersGoWhereThePeerKnowsThem)
{
    envelope.body_type = mail::BodyType::EightBitMime;
    envelope.smtputf8 = true;
    envelope.ret = mail::Ret::Headers;
    envelope.envid = "id+1";
    envelope.recipients[0].notify = mail::kNotifySuccess | mail::kNotifyDelay;
    envelope.recipients[0].orcpt = "rfc822;b=c@example.org";
    begin();
    EXPECT_EQ(transcript, "C: MAIL FROM:<a@sender.test>|RCPT TO:<b@example.org>|DATA|\n");

    transcript.clear();
    peer.size = peer.eight_bit_mime = peer.smtputf8 = peer.dsn = true;
    begin();
    EXPECT_EQ(transcript,
              "C: MAIL FROM:<a@sender.test> SIZE=21 BODY=8BITMIME SMTPUTF8 RET=HDRS "
              "ENVID=id+2B1|RCPT TO:<b@example.org> NOTIFY=SUCCESS,DELAY "
              "ORCPT=rfc822;b+3Dc@example.org|DATA|\n");
}

// RFC 8689 §4.2.1.
TEST_F(TransactionTest, RequiretlsGoesOnWhereItIsOffered)
{
    envelope.tls.requiretls = true;
    begin();
    EXPECT_EQ(transcript, "C: MAIL FROM:<a@sender.test>|RCPT TO:<b@example.org>|DATA|\n");
    transcript.clear();
    peer.require_tls = true;
    begin();
    EXPECT_EQ(transcript,
              "C: MAIL FROM:<a@sender.test> REQUIRETLS|RCPT TO:<b@example.org>|DATA|\n");
    transcript.clear();
    envelope.tls.requiretls = false;
    begin();
    EXPECT_EQ(transcript, "C: MAIL FROM:<a@sender.test>|RCPT TO:<b@example.org>|DATA|\n");
}

TEST_F(TransactionTest, NullSender)
{
    envelope.sender.reset();
    begin();
    EXPECT_EQ(transcript, "C: MAIL FROM:<>|RCPT TO:<b@example.org>|DATA|\n");
}

TEST_F(TransactionTest, TooLargeForThePeerIsDecidedBeforeAnythingIsSent)
{
    peer.size = true;
    peer.max_size = 20;
    talk({});
    EXPECT_EQ(transcript, "");
    EXPECT_EQ(last, Next::Done);
    EXPECT_EQ(outcome().origin, facts::Origin::Local);
    EXPECT_EQ(outcome().enhanced.format(), "5.3.4");
    EXPECT_EQ(outcome().reason, Reason::SizeExceedsPeer);
    EXPECT_FALSE(transaction->leaves_reset_due());
}

TEST_F(TransactionTest, EightBitTextNeeds8BitMimeOnlyWhereItIsThere)
{
    envelope.body_type = mail::BodyType::EightBitMime;
    begin();
    EXPECT_EQ(last, Next::ReadReply) << "declared, but 7-bit";
    needs.eight_bit = true;
    begin();
    EXPECT_EQ(last, Next::Done);
    EXPECT_EQ(outcome().enhanced.format(), "5.6.3");
    EXPECT_EQ(outcome().reason, Reason::ContentNeeds8bitmime);
    peer.eight_bit_mime = true;
    begin();
    EXPECT_EQ(last, Next::ReadReply);
}

TEST_F(TransactionTest, SmtpUtf8IsNeededOnlyByWhatIsUtf8)
{
    envelope.smtputf8 = true;
    begin();
    EXPECT_EQ(last, Next::ReadReply) << "the flag alone is dropped";
    to("j\xc3\xb6rg@example.org");
    begin();
    EXPECT_EQ(last, Next::ReadReply) << "the other recipient gets it";
    EXPECT_EQ(transcript.find("J\xc3\xb6rg"), std::string::npos);
    EXPECT_EQ(outcome(1).enhanced.format(), "5.6.7");
    hear(250);
    hear(250);
    hear(354);
    hear(250);
    EXPECT_EQ(outcome(0).result, OutcomeClass::Delivered);
    EXPECT_EQ(outcome(1).result, OutcomeClass::Failed);

    needs.utf8_header = true;
    begin();
    EXPECT_EQ(last, Next::Done);
    EXPECT_EQ(outcome(0).reason, Reason::ContentNeedsSmtputf8);
}

TEST_F(TransactionTest, LmtpHasAReplyPerAcceptedRecipientAndNeverBdat)
{
    dialect = Dialect::Lmtp;
    peer.chunking = true;
    to("c@example.org");
    to("d@example.org");
    talk({250, 250, 550, 250, 354});
    hear(250, "2.0.0 b");
    hear(452, "4.2.2 d is full");
    EXPECT_EQ(last, Next::Done);
    EXPECT_EQ(transcript.find("BDAT"), std::string::npos);
    EXPECT_EQ(outcome(0).text, "2.0.0 b");
    EXPECT_EQ(outcome(1).reason, Reason::RcptRefused);
    EXPECT_EQ(outcome(2).result, OutcomeClass::Deferred);
    EXPECT_EQ(outcome(2).stage, Stage::EndOfData);
}

TEST_F(TransactionTest, LmtpClosesWhereNobodyIsLeftAfter354)
{
    dialect = Dialect::Lmtp;
    talk({250, 550, 354});
    EXPECT_EQ(last, Next::Close);
    EXPECT_EQ(outcome().reason, Reason::RcptRefused);
}

TEST(ContentScanner, FindsWhatAMessageNeedsHoweverItIsCut)
{
    struct Row {
        std::string message;
        bool utf8_header;
        bool eight_bit;
    };
    const std::vector<Row> rows{
        {"A: b\r\n\r\nbody\r\n", false, false},
        {"A: \xc3\xa4\r\n\r\nbody\r\n", true, false},
        {"A: b\r\n\r\nlong enough for words \xc3\xa4 and more\r\n", false, true},
        {"A: b\r\nB: \xc3\xa4", true, false},
        {"\r\n\xc3\xa4", false, true},
        {"A: b\r\n\n\xc3\xa4", false, true},
    };
    for (const auto& row : rows) {
        for (std::size_t chunk = 1; chunk <= row.message.size(); ++chunk) {
            ContentScanner scanner;
            for (std::size_t at = 0; at < row.message.size(); at += chunk) {
                scanner.feed(std::string_view{row.message}.substr(at, chunk));
            }
            EXPECT_EQ(scanner.needs().utf8_header, row.utf8_header) << row.message;
            EXPECT_EQ(scanner.needs().eight_bit, row.eight_bit) << row.message;
        }
    }
}

}  // namespace
}  // namespace hermetic::smtp
