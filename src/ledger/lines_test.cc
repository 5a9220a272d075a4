#include "ledger/lines.h"

#include <gtest/gtest.h>

namespace hermetic::ledger {
namespace {

constexpr WallTime kNow{std::chrono::milliseconds{1'000'000'000'123}};

facts::Attempt attempt()
{
    facts::Attempt attempt;
    attempt.message.bytes[15] = 1;
    attempt.accepted_as = attempt.message;
    attempt.number = 2;
    attempt.sender = "a@example.org";
    attempt.destination = "mx:example.net";
    attempt.host = "mx.example.net";
    attempt.policy = "opportunistic";
    attempt.policy_reasons = {"tls.opportunistic"};
    facts::Rung rung;
    rung.host = "mx.example.net";
    rung.reason = "handshake.alert";
    rung.tls_failure =
        facts::TlsFailure{facts::TlsFailure::Kind::Alert, 70, "protocol version", {}};
    attempt.rungs.push_back(rung);
    facts::Outcome outcome;
    outcome.stage = facts::Stage::Rcpt;
    outcome.origin = facts::Origin::Remote;
    outcome.code = 450;
    outcome.enhanced = {4, 2, 1};
    outcome.text = "4.2.1 try \"later\"\r\nevent=attempt outcome=delivered";
    outcome.reason = "rcpt.deferred";
    attempt.parts.push_back({"b@example.net", outcome});
    return attempt;
}

TEST(Lines, AnAttemptIsAJsonObjectForEachRecipient)
{
    const auto lines = format_attempt(LineFormat::Json, kNow, attempt());
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_TRUE(lines[0].starts_with(
        R"({"time":"2001-09-09T01:46:40.123Z","level":"warning","event":"attempt")"))
        << lines[0];
    EXPECT_NE(lines[0].find(R"("outcome":"deferred","stage":"rcpt","origin":"remote","code":450)"),
              std::string::npos);
    EXPECT_NE(lines[0].find(R"("rungs":[{"rung":"everything")"), std::string::npos);
    EXPECT_NE(lines[0].find(R"("tls":null)"), std::string::npos);
}

TEST(Lines, ForeignTextCannotBreakALine)
{
    for (const LineFormat format : {LineFormat::Json, LineFormat::Text}) {
        const auto lines = format_attempt(format, kNow, attempt());
        EXPECT_EQ(lines[0].find('\n'), std::string::npos);
        EXPECT_EQ(lines[0].find('\r'), std::string::npos);
    }
}

TEST(Lines, TextFormHasKeysAndValues)
{
    const auto lines = format_attempt(LineFormat::Text, kNow, attempt());
    EXPECT_NE(lines[0].find("event=attempt"), std::string::npos);
    EXPECT_NE(lines[0].find("rungs.1.cause=handshake.alert"), std::string::npos) << lines[0];
    EXPECT_NE(lines[0].find("reply=\"4.2.1 try"), std::string::npos);
}

TEST(Lines, ARefusedMessageIsAWarning)
{
    MessageFacts message;
    message.verdict = "receive.bare-newline";
    message.code = 550;
    const std::string line = format_message(LineFormat::Json, kNow, message);
    EXPECT_NE(line.find(R"("level":"warning","event":"message")"), std::string::npos);
    EXPECT_NE(line.find(R"("id":"")"), std::string::npos);
}

}  // namespace
}  // namespace hermetic::ledger
