#include "load/server_session.h"

#include <gtest/gtest.h>

namespace hermetic::load {
namespace {

struct Outcome {
    std::string said;
    std::vector<std::uint64_t> ids;
    bool closed = false;

    bool operator==(const Outcome&) const = default;
};

Outcome run(ServerSession& session, std::string_view input, std::size_t piece)
{
    Outcome outcome;
    while (!input.empty() && !outcome.closed) {
        std::string_view part = input.substr(0, piece);
        input.remove_prefix(part.size());
        for (bool more = true; more;) {
            switch (session.next(part, outcome.said)) {
            case ServerEvent::NeedInput:
                more = false;
                break;
            case ServerEvent::Message:
                outcome.ids.push_back(session.content().id().value_or(0));
                session.reply_to_content(outcome.said);
                break;
            case ServerEvent::StartTls:
                session.on_tls();
                more = false;
                break;
            case ServerEvent::Close:
                outcome.closed = true;
                more = false;
                break;
            }
        }
    }
    return outcome;
}

Outcome run(std::string_view input, std::size_t piece = std::string_view::npos)
{
    const ServerSettings settings{.starttls = OfferStartTls::Yes};
    ServerSession session(settings, 1);
    return run(session, input, piece);
}

std::string codes_of(const Outcome& outcome)
{
    std::string codes;
    std::string_view rest = outcome.said;
    while (!rest.empty()) {
        if (rest[3] == ' ') {
            codes += std::string(rest.substr(0, 3)) + " ";
        }
        rest.remove_prefix(rest.find('\n') + 1);
    }
    return codes;
}

constexpr std::string_view kSession =
    "EHLO a.test\r\n"
    "MAIL FROM:<a@a.test> SIZE=10\r\nRCPT TO:<b@b.test>\r\nDATA\r\nX-Load-Id: 1\r\n\r\na\r\n.\r\n"
    "mail from:<>\r\nrcpt to:<b@b.test>\r\nBDAT 13\r\nX-Load-Id: 2\rBDAT 3 LAST\r\n\n\r\n"
    "MAIL FROM:<>\r\nRCPT TO:<b@b.test>\r\nBDAT 16\r\nX-Load-Id: 3\r\n\r\nBDAT 0 LAST\r\n"
    "RSET\r\nNOOP\r\nQUIT\r\n";

TEST(ServerSession, TakesAPipelinedSessionHoweverItIsSplit)
{
    const Outcome whole = run(kSession);
    EXPECT_EQ(codes_of(whole), "250 250 250 354 250 250 250 250 250 250 250 250 250 250 250 221 ");
    EXPECT_EQ(whole.ids, (std::vector<std::uint64_t>{1, 2, 3}));
    EXPECT_TRUE(whole.closed);
    for (std::size_t piece = 1; piece < kSession.size(); ++piece) {
        EXPECT_EQ(run(kSession, piece), whole) << piece;
    }
}

TEST(ServerSession, WantsCommandsInOrder)
{
    EXPECT_EQ(codes_of(run("RCPT TO:<b@b.test>\r\nDATA\r\nMAIL FROM:<>\r\nMAIL FROM:<>\r\nDATA\r\n"
                           "BDAT x\r\nBDAT 2 LAST\r\nab\r\nBDAT 0 LAST\r\nXYZ\r\n")),
              "503 503 250 503 503 501 503 500 503 500 ");
}

TEST(ServerSession, OffersStartTlsOnce)
{
    const ServerSettings settings{.starttls = OfferStartTls::Yes};
    ServerSession session(settings, 1);
    EXPECT_NE(run(session, "EHLO a\r\n", 100).said.find("STARTTLS"), std::string::npos);
    EXPECT_EQ(codes_of(run(session, "STARTTLS\r\n", 100)), "220 ");
    EXPECT_EQ(run(session, "EHLO a\r\n", 100).said.find("STARTTLS"), std::string::npos);
    EXPECT_EQ(codes_of(run(session, "STARTTLS\r\n", 100)), "503 ");
}

TEST(ServerSession, RefusesAndDefersTheSharesAskedFor)
{
    const ServerSettings settings{.reject = 0.25, .defer = 0.5};
    ServerSession session(settings, 7);
    std::string input = "MAIL FROM:<>\r\n";
    for (int i = 0; i < 2000; ++i) {
        input += "RCPT TO:<b@b.test>\r\n";
    }
    const std::string said = run(session, input, 4000).said;
    int rejected = 0;
    int deferred = 0;
    for (std::size_t at = said.find('\n'); at + 1 < said.size(); at = said.find('\n', at + 1)) {
        rejected += said.compare(at + 1, 3, "550") == 0 ? 1 : 0;
        deferred += said.compare(at + 1, 3, "450") == 0 ? 1 : 0;
    }
    EXPECT_NEAR(rejected, 500, 70);
    EXPECT_NEAR(deferred, 1000, 90);
}

TEST(ServerSession, RefusesTheShareAskedForOfTheFirstRecipientsOfManySessions)
{
    const ServerSettings settings{.reject = 0.25, .defer = 0.5};
    int rejected = 0;
    int deferred = 0;
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        ServerSession session(settings, seed);
        const std::string codes =
            codes_of(run(session, "MAIL FROM:<>\r\nRCPT TO:<b@b.test>\r\n", 100));
        rejected += codes == "250 550 " ? 1 : 0;
        deferred += codes == "250 450 " ? 1 : 0;
    }
    EXPECT_NEAR(rejected, 500, 70);
    EXPECT_NEAR(deferred, 1000, 90);
}

TEST(ServerSession, ClosesOnALineWithoutEnd)
{
    EXPECT_TRUE(run(std::string(5000, 'a'), 1000).closed);
}

}  // namespace
}  // namespace hermetic::load
