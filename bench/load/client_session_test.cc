#include "load/client_session.h"

#include <gtest/gtest.h>

namespace hermetic::load {
namespace {

constexpr const char* kEhloReply =
    "250-mx.test\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250 STARTTLS\r\n";

class ClientSessionTest : public testing::Test {
protected:
    ClientSettings settings_;
    MessageSource source_{{.from = "a@load.test", .recipient = "u{n}@d.test", .size = 512}};
    std::string out_;

    // The events of a reply, and what it made the session say.
    std::vector<ClientEvent> feed(ClientSession& session, std::string_view input)
    {
        out_.clear();
        std::vector<ClientEvent> events;
        while (true) {
            events.push_back(session.next(input, out_));
            if (events.back() == ClientEvent::NeedInput) {
                events.pop_back();
                return events;
            }
        }
    }

    void make_ready(ClientSession& session, const char* ehlo = kEhloReply)
    {
        EXPECT_TRUE(feed(session, "220 hi\r\n").empty());
        EXPECT_EQ(out_, "EHLO load.test\r\n");
        EXPECT_EQ(feed(session, ehlo), Events{ClientEvent::Ready});
        out_.clear();
    }

    using Events = std::vector<ClientEvent>;
};

TEST_F(ClientSessionTest, SendsTheEnvelopeInOneWriteToAServerThatPipelines)
{
    ClientSession session(settings_, source_);
    make_ready(session);
    session.start_message(3, 1000, out_);
    EXPECT_EQ(out_, "MAIL FROM:<a@load.test> SIZE=512\r\nRCPT TO:<u3@d.test>\r\nDATA\r\n");
    EXPECT_EQ(feed(session, "250 ok\r\n250 ok\r\n354 go\r\n"), Events{ClientEvent::SendContent});
    EXPECT_EQ(feed(session, "250 taken\r\n"), Events{ClientEvent::Accepted});
    EXPECT_EQ(session.finished().number, 3U);
    EXPECT_EQ(session.finished().mail_at, 1000);
    EXPECT_TRUE(session.idle());
    session.quit(out_);
    EXPECT_EQ(feed(session, "221 bye\r\n"), Events{ClientEvent::Bye});
}

TEST_F(ClientSessionTest, WaitsForEachReplyOfAServerThatDoesNotPipeline)
{
    ClientSession session(settings_, source_);
    make_ready(session, "250 mx.test\r\n");
    session.start_message(1, 0, out_);
    EXPECT_EQ(out_, "MAIL FROM:<a@load.test>\r\n");
    EXPECT_TRUE(feed(session, "250 ok\r\n").empty());
    EXPECT_EQ(out_, "RCPT TO:<u1@d.test>\r\n");
    EXPECT_TRUE(feed(session, "250 ok\r\n").empty());
    EXPECT_EQ(out_, "DATA\r\n");
    EXPECT_EQ(feed(session, "354 go\r\n"), Events{ClientEvent::SendContent});
}

TEST_F(ClientSessionTest, TakesRepliesOneOctetAtATime)
{
    ClientSession session(settings_, source_);
    std::string said;
    for (const char octet : std::string("220 hi\r\n") + kEhloReply) {
        feed(session, {&octet, 1});
        said += out_;
    }
    EXPECT_EQ(said, "EHLO load.test\r\n");
    EXPECT_TRUE(session.idle());
}

TEST_F(ClientSessionTest, AsksForTlsAndGreetsAgain)
{
    settings_.starttls = UseStartTls::Yes;
    ClientSession session(settings_, source_);
    feed(session, "220 hi\r\n");
    EXPECT_TRUE(feed(session, kEhloReply).empty());
    EXPECT_EQ(out_, "STARTTLS\r\n");
    EXPECT_EQ(feed(session, "220 go\r\n"), Events{ClientEvent::StartTls});
    session.on_tls(out_);
    EXPECT_EQ(out_, "EHLO load.test\r\n");
    EXPECT_EQ(feed(session, "250 mx.test\r\n"), Events{ClientEvent::Ready});
}

TEST_F(ClientSessionTest, IsBrokenWithoutStartTlsWhenItWantsIt)
{
    settings_.starttls = UseStartTls::Yes;
    ClientSession session(settings_, source_);
    feed(session, "220 hi\r\n");
    EXPECT_EQ(feed(session, "250 mx.test\r\n"), Events{ClientEvent::Broken});
}

TEST_F(ClientSessionTest, EndsAMessageWhoseRecipientIsRefusedAlthoughDataIsTaken)
{
    ClientSession session(settings_, source_);
    make_ready(session);
    session.start_message(1, 0, out_);
    EXPECT_EQ(feed(session, "250 ok\r\n550 no such\r\n354 go\r\n"),
              Events{ClientEvent::SendNothing});
    EXPECT_EQ(out_, ".\r\n");
    EXPECT_EQ(feed(session, "554 none\r\n"), Events{ClientEvent::Refused});
    EXPECT_EQ(session.why(), "550 no such");
    EXPECT_TRUE(session.idle());
}

TEST_F(ClientSessionTest, ResetsAfterARefusalBeforeTheContent)
{
    ClientSession session(settings_, source_);
    make_ready(session);
    session.start_message(1, 0, out_);
    EXPECT_EQ(feed(session, "250 ok\r\n450 later\r\n503 none\r\n"), Events{ClientEvent::Deferred});
    EXPECT_EQ(out_, "RSET\r\n");
    EXPECT_FALSE(session.idle());
    EXPECT_EQ(feed(session, "250 ok\r\n"), Events{ClientEvent::Ready});
}

TEST_F(ClientSessionTest, SendsTheNextEnvelopeBehindTheContent)
{
    settings_.pipeline_next = PipelineNext::Yes;
    ClientSession session(settings_, source_);
    make_ready(session);
    session.start_message(1, 0, out_);
    EXPECT_EQ(feed(session, "250 ok\r\n250 ok\r\n354 go\r\n"), Events{ClientEvent::SendContent});
    session.append_content(out_);
    EXPECT_TRUE(out_.starts_with("X-Load-Id: 1\r\n"));
    ASSERT_TRUE(session.can_pipeline_next());
    session.start_message(2, 5, out_);
    EXPECT_FALSE(session.can_pipeline_next());
    EXPECT_EQ(feed(session, "250 taken\r\n250 ok\r\n250 ok\r\n354 go\r\n"),
              (Events{ClientEvent::Accepted, ClientEvent::SendContent}));
    EXPECT_EQ(session.finished().number, 1U);
    session.append_content(out_);
    EXPECT_TRUE(out_.starts_with("X-Load-Id: 2\r\n"));
    EXPECT_EQ(feed(session, "452 full\r\n"), Events{ClientEvent::Deferred});
    EXPECT_EQ(session.finished().number, 2U);
    EXPECT_TRUE(session.idle());
}

TEST_F(ClientSessionTest, GivesBackWhatALostConnectionLeavesOpen)
{
    settings_.pipeline_next = PipelineNext::Yes;
    ClientSession session(settings_, source_);
    Transaction transaction;
    ClientEvent event = ClientEvent::Ready;
    EXPECT_FALSE(session.take_unfinished(transaction, event));
    make_ready(session);
    session.start_message(1, 0, out_);
    feed(session, "250 ok\r\n250 ok\r\n354 go\r\n");
    session.start_message(2, 0, out_);
    ASSERT_TRUE(session.take_unfinished(transaction, event));
    EXPECT_EQ(transaction.number, 1U);
    EXPECT_EQ(event, ClientEvent::Broken);
    ASSERT_TRUE(session.take_unfinished(transaction, event));
    EXPECT_EQ(transaction.number, 2U);
    EXPECT_FALSE(session.take_unfinished(transaction, event));
}

TEST_F(ClientSessionTest, KnowsThatTheServerRefusedBeforeItClosed)
{
    ClientSession session(settings_, source_);
    make_ready(session);
    session.start_message(1, 0, out_);
    EXPECT_TRUE(feed(session, "421 too busy\r\n").empty());
    Transaction transaction;
    ClientEvent event = ClientEvent::Ready;
    ASSERT_TRUE(session.take_unfinished(transaction, event));
    EXPECT_EQ(event, ClientEvent::Deferred);
    EXPECT_EQ(session.why(), "421 too busy");
    EXPECT_FALSE(session.take_unfinished(transaction, event));
}

TEST_F(ClientSessionTest, IsBrokenByWhatIsNoReply)
{
    for (const std::string& input :
         {std::string("hello\r\n"), std::string("2x0 hi\r\n"), std::string("554 go away\r\n"),
          std::string(ReplyLines::kMaxLine + 1, '2')}) {
        ClientSession session(settings_, source_);
        std::string_view rest = input;
        EXPECT_EQ(session.next(rest, out_), ClientEvent::Broken) << input.substr(0, 20);
    }
}

}  // namespace
}  // namespace hermetic::load
