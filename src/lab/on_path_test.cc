// Somebody on the path: on octets alone, and between a client and a partner of the lab.
#include "lab/on_path.h"

#include "lab/lab.h"
#include "lab/on_path_session.h"
#include "lab/partners.h"
#include "lab/smtp_client.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <set>

namespace hermetic::lab {
namespace {

using std::chrono::seconds;
using End = OnPathStep::End;

const OnPathAttack& attack(std::string_view name)
{
    const auto* const found = find_on_path_attack(name);
    if (found == nullptr) ADD_FAILURE() << name;
    return *found;
}

constexpr std::string_view kHelloReply = "250-mx.example\r\n250-STARTTLS\r\n250 SIZE 1000\r\n";

// Until the reply to EHLO has come; what the client heard then.
std::string reply_to_hello(OnPathSession& session, std::string_view reply = kHelloReply)
{
    EXPECT_FALSE(session.from_server("220 mx.example\r\n").to_client.empty());
    EXPECT_EQ(session.from_client("EHLO a.example\r\n").to_server, "EHLO a.example\r\n");
    return session.from_server(reply).to_client;
}

TEST(OnPathAttacks, HaveUniqueNamesAndWords)
{
    std::set<std::string_view> names;
    for (const auto& one : all_on_path_attacks()) {
        EXPECT_TRUE(names.insert(one.name).second) << one.name;
        EXPECT_FALSE(one.summary.empty());
        EXPECT_FALSE(one.summary.ends_with('.'));
        if (!one.impostor.empty()) {
            EXPECT_NE(find_partner(one.impostor), nullptr) << one.impostor;
        }
    }
    EXPECT_GE(names.size(), 30U);
}

TEST(OnPathSession, RemovesStarttlsWhereverItStands)
{
    OnPathMemory memory;
    OnPathSession session{attack("strip"), memory};
    EXPECT_EQ(reply_to_hello(session), "250-mx.example\r\n250 SIZE 1000\r\n");
    OnPathSession last{attack("strip"), memory};
    EXPECT_EQ(reply_to_hello(last, "250-mx.example\r\n250-SIZE\r\n250 STARTTLS\r\n"),
              "250-mx.example\r\n250 SIZE\r\n");
    OnPathSession mask{attack("mask"), memory};
    EXPECT_EQ(reply_to_hello(mask), "250-mx.example\r\n250-XXXXXXXA\r\n250 SIZE 1000\r\n");
}

TEST(OnPathSession, ReadsPiecesOfAnySize)
{
    OnPathMemory memory;
    OnPathSession session{attack("strip"), memory};
    std::string heard;
    std::string passed;
    for (const char c : std::string_view{"220 mx.example\r\n"}) {
        heard += session.from_server({&c, 1}).to_client;
    }
    for (const char c : std::string_view{"EHLO a\r\n"}) {
        passed += session.from_client({&c, 1}).to_server;
    }
    for (const char c : kHelloReply) heard += session.from_server({&c, 1}).to_client;
    EXPECT_EQ(passed, "EHLO a\r\n");
    EXPECT_EQ(heard, "220 mx.example\r\n250-mx.example\r\n250 SIZE 1000\r\n");
}

TEST(OnPathSession, ForgesTheReplyThatTheServerNeverMade)
{
    OnPathMemory memory;
    OnPathSession session{attack("starttls-454"), memory};
    (void)reply_to_hello(session);
    const auto step = session.from_client("STARTTLS\r\n");
    EXPECT_EQ(step.to_client, "454 4.7.0 TLS not available\r\n");
    EXPECT_EQ(step.to_server, "");
}

TEST(OnPathSession, InjectsInTheSameSegment)
{
    OnPathMemory memory;
    OnPathSession session{attack("inject-220"), memory};
    (void)reply_to_hello(session);
    EXPECT_EQ(session.from_client("STARTTLS\r\n").to_server, "STARTTLS\r\n");
    EXPECT_EQ(session.from_server("220 go\r\n").to_client, "220 go\r\n220 2.0.0 forged\r\n");
}

TEST(OnPathSession, ReadsNothingInsideAMessage)
{
    OnPathMemory memory;
    OnPathSession session{attack("starttls-454"), memory};
    (void)reply_to_hello(session);
    const std::string_view rest = "MAIL FROM:<>\r\nSTARTTLS\r\n";
    const auto step = session.from_client(rest);
    EXPECT_EQ(step.to_server, rest);
    EXPECT_EQ(step.to_client, "");
    EXPECT_EQ(session.from_client("STARTTLS\r\n").to_server, "STARTTLS\r\n");
}

TEST(OnPathSession, CutsOffWhatExceedsItsBounds)
{
    OnPathMemory memory;
    OnPathSession session{attack("nobody"), memory};
    const std::string much(OnPathSession::kLongestReply + 1, 'x');
    EXPECT_EQ(session.from_server(much).end, End::Close);
    EXPECT_EQ(session.from_client(much).end, End::Close);
}

TEST(OnPathSession, BelievesNoRecordThatIsNoClientHello)
{
    EXPECT_FALSE(offers_tls13(""));
    EXPECT_FALSE(offers_tls13("\x16\x03\x01"));
    EXPECT_FALSE(offers_tls13(std::string(300, '\xff')));
    EXPECT_FALSE(offers_tls13("GET / HTTP/1.1\r\n\r\n"));
}

// A client, somebody on the path, and a partner.
class OnPathTest : public testing::Test {
protected:
    void begin(std::string_view name)
    {
        ASSERT_TRUE(lab_.start());
        path_ = std::make_unique<OnPath>(attack(name),
                                         OnPathOptions{.upstream = lab_.find("modern")->address});
        ASSERT_TRUE(path_->start());
    }
    // The handshake's error; "" where it was done.
    std::string shake_hands(SmtpClient& client, int highest = 0)
    {
        EXPECT_TRUE(client.connect(path_->endpoint(), seconds{20}));
        EXPECT_EQ(client.read_reply().code, 220);
        EXPECT_EQ(client.command("EHLO client.test").code, 250);
        EXPECT_EQ(client.command("STARTTLS").code, 220);
        return client.start_tls({.highest_version = highest}).error;
    }

    Lab lab_{{.only = {"modern"}}};
    std::unique_ptr<OnPath> path_;
};

TEST_F(OnPathTest, PassesOnWhatItIsNotToChange)
{
    begin("nobody");
    SmtpClient client;
    ASSERT_EQ(shake_hands(client), "");
    EXPECT_EQ(client.command("EHLO client.test").code, 250);
    EXPECT_EQ(client.send_message("a@client.test", "b@modern.lab.test", "Subject: x\r\n").code,
              250);
    EXPECT_EQ(path_->seen_from_client("EHLO client.test"), 1U);
    EXPECT_EQ(path_->seen_from_client("MAIL FROM"), 0U) << "it came encrypted";
    EXPECT_TRUE(lab_.book().wait_for_messages("modern", 1, seconds{20}));
}

TEST_F(OnPathTest, BreaksTheFirstHandshakeOnly)
{
    begin("break-first");
    SmtpClient first;
    EXPECT_NE(shake_hands(first), "");
    SmtpClient second;
    EXPECT_EQ(shake_hands(second), "");
}

TEST_F(OnPathTest, BreaksOffersOfTls13Only)
{
    begin("break-tls13");
    SmtpClient first;
    EXPECT_NE(shake_hands(first), "");
    SmtpClient second;
    EXPECT_EQ(shake_hands(second, TLS1_2_VERSION), "");
}

TEST_F(OnPathTest, ReplaysWhatTheServerSaid)
{
    begin("replay-to-client");
    SmtpClient first;
    EXPECT_EQ(shake_hands(first), "");
    SmtpClient second;
    EXPECT_NE(shake_hands(second), "");
}

TEST_F(OnPathTest, ReplaysAMessageThatTheServerDoesNotTakeTwice)
{
    begin("replay-to-server");
    {
        SmtpClient client;
        ASSERT_EQ(shake_hands(client), "");
        EXPECT_EQ(client.command("EHLO client.test").code, 250);
        EXPECT_EQ(client.send_message("a@client.test", "b@modern.lab.test", "Subject: x\r\n").code,
                  250);
    }
    SmtpClient second;
    EXPECT_NE(shake_hands(second), "");
    second.close();
    EXPECT_TRUE(lab_.book().wait_for_connections("modern", 2, seconds{20}));
    EXPECT_EQ(lab_.book().messages("modern").size(), 1U);
}

TEST_F(OnPathTest, CorruptsAndCutsHandshakes)
{
    begin("corrupt-every");
    SmtpClient client;
    EXPECT_NE(shake_hands(client), "");
    path_ = std::make_unique<OnPath>(attack("cut-flight"),
                                     OnPathOptions{.upstream = lab_.find("modern")->address});
    ASSERT_TRUE(path_->start());
    SmtpClient other;
    EXPECT_NE(shake_hands(other), "");
}

}  // namespace
}  // namespace hermetic::lab
