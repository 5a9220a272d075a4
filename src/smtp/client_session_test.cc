#include "smtp/client_session.h"

#include "facts/reasons.h"

#include <gtest/gtest.h>

#include <vector>

namespace hermetic::smtp {
namespace {

using Next = ClientSession::Next;
using facts::Reason;

// Feeds replies ("250 text", "TLS" for a finished handshake, "STARTTLS" for our request) and writes
// down what the client said, one line each.
struct Talk {
    ClientSession session{Dialect::Smtp, "client.example"};
    ClientSession::Step last;
    std::string said;

    explicit Talk(Dialect dialect = Dialect::Smtp) : session{dialect, "client.example"}
    {
        take(session.start());
    }
    void take(ClientSession::Step step)
    {
        said += step.write;
        last = step;
    }
    Talk& hear(int code, std::string text)
    {
        take(session.on_reply(PeerReply{code, std::move(text)}));
        return *this;
    }
    Talk& ask_for_tls()
    {
        take(session.start_tls());
        return *this;
    }
    Talk& handshake_done()
    {
        take(session.on_tls());
        return *this;
    }
};

TEST(ClientSession, GreetsAndIsReady)
{
    Talk talk;
    talk.hear(220, "mx ESMTP").hear(250, "mx\nPIPELINING\nSTARTTLS");
    EXPECT_EQ(talk.said, "EHLO client.example\r\n");
    EXPECT_EQ(talk.last.next, Next::Ready);
    EXPECT_TRUE(talk.session.capabilities().pipelining);
}

TEST(ClientSession, ForgetsEverythingSaidInClear)
{
    Talk talk;
    talk.hear(220, "mx").hear(250, "mx\nSTARTTLS\nCHUNKING\nAUTH PLAIN").ask_for_tls();
    EXPECT_EQ(talk.session.stage(), facts::Stage::StartTls);
    talk.hear(220, "go");
    EXPECT_EQ(talk.last.next, Next::Handshake);
    EXPECT_EQ(talk.session.stage(), facts::Stage::Handshake);
    talk.handshake_done();
    EXPECT_EQ(talk.session.capabilities(), Capabilities{});
    talk.hear(250, "mx\nSIZE 100\nSTARTTLS");
    EXPECT_EQ(talk.said, "EHLO client.example\r\nSTARTTLS\r\nEHLO client.example\r\n");
    EXPECT_EQ(talk.last.next, Next::Ready);
    EXPECT_TRUE(talk.session.in_tls());
    EXPECT_FALSE(talk.session.capabilities().chunking);
    EXPECT_FALSE(talk.session.capabilities().starttls) << "not offered again inside TLS";
    EXPECT_EQ(talk.session.capabilities().max_size, 100U);
}

TEST(ClientSession, SaysHeloWhereEhloIsRefused)
{
    Talk talk;
    talk.hear(220, "old").hear(502, "what?").hear(250, "hello\nSTARTTLS");
    EXPECT_EQ(talk.said, "EHLO client.example\r\nHELO client.example\r\n");
    EXPECT_EQ(talk.last.next, Next::Ready);
    EXPECT_EQ(talk.session.capabilities(), Capabilities{}) << "HELO offers nothing";
}

TEST(ClientSession, LmtpSaysLhloAndHasNoHelo)
{
    Talk talk{Dialect::Lmtp};
    talk.hear(220, "lmtp").hear(500, "no");
    EXPECT_EQ(talk.said, "LHLO client.example\r\n");
    EXPECT_EQ(talk.last.next, Next::Failed);
    EXPECT_EQ(talk.session.failure()->reason, Reason::EhloRefused);
}

struct Failure {
    const char* name;
    std::vector<PeerReply> replies;
    facts::Stage stage;
    facts::Origin origin;
    facts::OutcomeClass result;
    Reason reason;
    bool busy = false;
    friend void PrintTo(const Failure& row, std::ostream* out) { *out << row.name; }
};

class ClientSessionFails : public testing::TestWithParam<Failure> {};

TEST_P(ClientSessionFails, WithStageOriginAndReason)
{
    const auto& row = GetParam();
    Talk talk;
    for (const auto& reply : row.replies) {
        if (talk.last.next == Next::Ready) talk.ask_for_tls();
        talk.hear(reply.code, reply.text);
    }
    ASSERT_EQ(talk.last.next, Next::Failed);
    const auto& outcome = *talk.session.failure();
    EXPECT_EQ(outcome.stage, row.stage);
    EXPECT_EQ(outcome.origin, row.origin);
    EXPECT_EQ(outcome.result, row.result);
    EXPECT_EQ(outcome.reason, row.reason);
    EXPECT_EQ(talk.session.peer_is_busy(), row.busy);
    EXPECT_EQ(talk.session.stage(), row.stage);
}

using facts::Origin;
using facts::OutcomeClass;
using facts::Stage;

INSTANTIATE_TEST_SUITE_P(Rows, ClientSessionFails,
                         testing::Values(Failure{"GreetingBusy",
                                                 {{421, "4.3.2 later"}},
                                                 Stage::Greeting,
                                                 Origin::Remote,
                                                 OutcomeClass::Deferred,
                                                 Reason::GreetingDeferred,
                                                 true},
                                         Failure{"GreetingRefused",
                                                 {{554, "no"}},
                                                 Stage::Greeting,
                                                 Origin::Remote,
                                                 OutcomeClass::Failed,
                                                 Reason::GreetingRefused},
                                         Failure{"GreetingOdd",
                                                 {{354, "go ahead"}},
                                                 Stage::Greeting,
                                                 Origin::Local,
                                                 OutcomeClass::Deferred,
                                                 Reason::ReplyUnexpected},
                                         Failure{"EhloLater",
                                                 {{220, "x"}, {450, "later"}},
                                                 Stage::Ehlo,
                                                 Origin::Remote,
                                                 OutcomeClass::Deferred,
                                                 Reason::EhloDeferred},
                                         Failure{"HeloRefusedToo",
                                                 {{220, "x"}, {550, "no"}, {550, "no"}},
                                                 Stage::Ehlo,
                                                 Origin::Remote,
                                                 OutcomeClass::Failed,
                                                 Reason::EhloRefused},
                                         Failure{"EhloOdd",
                                                 {{220, "x"}, {334, "?"}},
                                                 Stage::Ehlo,
                                                 Origin::Local,
                                                 OutcomeClass::Deferred,
                                                 Reason::ReplyUnexpected},
                                         Failure{
                                             "StartTlsLater",
                                             {{220, "x"}, {250, "x\nSTARTTLS"}, {454, "4.7.0 no"}},
                                             Stage::StartTls,
                                             Origin::Remote,
                                             OutcomeClass::Deferred,
                                             Reason::StarttlsRefused},
                                         Failure{"StartTlsClosing",
                                                 {{220, "x"}, {250, "x\nSTARTTLS"}, {421, "bye"}},
                                                 Stage::StartTls,
                                                 Origin::Remote,
                                                 OutcomeClass::Deferred,
                                                 Reason::StarttlsDeferred,
                                                 true},
                                         Failure{"StartTlsRefused",
                                                 {{220, "x"}, {250, "x\nSTARTTLS"}, {502, "no"}},
                                                 Stage::StartTls,
                                                 Origin::Remote,
                                                 OutcomeClass::Failed,
                                                 Reason::StarttlsRefused}),
                         [](const auto& row) { return row.param.name; });

TEST(ClientSession, AReplyOutOfTurnEndsIt)
{
    Talk talk;
    talk.hear(220, "mx").hear(250, "mx").hear(250, "again");
    EXPECT_EQ(talk.last.next, Next::Failed);
    EXPECT_EQ(talk.session.failure()->reason, Reason::ReplyUnexpected);
}

Capabilities of(std::string text)
{
    return parse_capabilities(PeerReply{250, std::move(text)});
}

TEST(ClientCapabilities, ReadsTheOldFormOfAuth)
{
    EXPECT_EQ(of("mx\nAUTH=login plain").auth_mechanisms, "LOGIN PLAIN");
    EXPECT_EQ(of("mx\nAUTH=LOGIN\nAUTH PLAIN LOGIN").auth_mechanisms, "LOGIN PLAIN");
    EXPECT_EQ(of("mx\nAUTH PLAIN\nAUTH=PLAIN LOGIN").auth_mechanisms, "PLAIN LOGIN");
    EXPECT_EQ(of("mx\nAUTH=").auth_mechanisms, "");
    EXPECT_EQ(of("mx\nAUTHENTICATE LOGIN").auth_mechanisms, "");
}

TEST(ClientCapabilities, ReadsEveryKeywordInAnyCase)
{
    const auto all =
        of("mx.example.org Hello client\npipelining\nCHUNKING\nSize 1000\n8bitmime\n"
           "SMTPUTF8\nDSN\nSTARTTLS\nENHANCEDSTATUSCODES\nREQUIRETLS\n"
           "LIMITS RCPTMAX=50 MAILMAX=7\nAUTH plain  LOGIN\nX-UNKNOWN thing");
    Capabilities expected;
    expected.greeting_name = "mx.example.org";
    expected.pipelining = expected.chunking = expected.size = expected.eight_bit_mime = true;
    expected.smtputf8 = expected.dsn = expected.starttls = expected.enhanced_status_codes = true;
    expected.require_tls = true;
    expected.max_size = 1000;
    expected.max_recipients = 50;
    expected.max_messages = 7;
    expected.auth_mechanisms = "PLAIN LOGIN";
    EXPECT_EQ(all, expected);
}

TEST(ClientCapabilities, TheFirstLineIsAGreetingNeverAKeyword)
{
    EXPECT_FALSE(of("STARTTLS").starttls);
    EXPECT_TRUE(of("x\nSTARTTLS").starttls);
}

TEST(ClientCapabilities, UnreadableParametersCountAsAbsent)
{
    EXPECT_TRUE(of("x\nSIZE 99999999999999999999999").size);
    EXPECT_EQ(of("x\nSIZE 99999999999999999999999").max_size, 0U);
    EXPECT_EQ(of("x\nSIZE").max_size, 0U);
    EXPECT_EQ(of("x\nLIMITS RCPTMAX=0 RCPTMAX MAILMAX=x =5").max_recipients, 0U);
    EXPECT_FALSE(of("x\nSTARTTLSX").starttls);
    EXPECT_EQ(of(""), Capabilities{});
}

TEST(ClientCapabilities, IsBounded)
{
    std::string text = std::string(2000, 'n') + "\nAUTH";
    for (int i = 0; i < 300; ++i) text += " MECHANISM";
    const auto result = of(text);
    EXPECT_EQ(result.greeting_name.size(), 255U);
    EXPECT_LE(result.auth_mechanisms.size(), 500U);
}

}  // namespace
}  // namespace hermetic::smtp
