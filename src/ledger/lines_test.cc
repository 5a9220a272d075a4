#include "ledger/lines.h"

#include "facts/reasons.h"

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
    attempt.policy_reasons = {facts::Reason::TlsOrganizationLevel};
    facts::Rung rung;
    rung.host = "mx.example.net";
    rung.reason = facts::Reason::HandshakeAlert;
    rung.tls_failure =
        facts::TlsFailure{facts::TlsFailure::Kind::Alert, 70, "protocol version", {}};
    attempt.rungs.push_back(rung);
    facts::Outcome outcome;
    outcome.stage = facts::Stage::Rcpt;
    outcome.origin = facts::Origin::Remote;
    outcome.code = 450;
    outcome.enhanced = {4, 2, 1};
    outcome.text = "4.2.1 try \"later\"\r\nevent=attempt outcome=delivered";
    outcome.reason = facts::Reason::RcptDeferred;
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

// Specification §6.1: also of an attempt that was refused for it.
TEST(Lines, WhatARefusedHandshakeShowedStandsWithItsStep)
{
    facts::Attempt refused = attempt();
    facts::TlsEvidence tls;
    tls.version = facts::TlsVersion::Tls13;
    tls.verdict = {facts::ChainVerdict::State::Failed, "certificate has expired",
                   facts::ChainFault::Expired};
    tls.chain.resize(3);
    tls.chain[0].dns_names = {"a.example", "b.example"};
    tls.chain[1].subject = "CN=one";
    tls.chain[2].subject = "CN=two";
    refused.rungs.insert(refused.rungs.begin(), facts::Rung{});
    refused.rungs[0].tls = tls;
    const auto json = format_attempt(LineFormat::Json, kNow, refused).at(0);
    EXPECT_NE(json.find(R"("names":["a.example","b.example"],"not_before":"1970)"),
              std::string::npos)
        << json;
    EXPECT_NE(json.find(R"("chain":["CN=one","CN=two"]}},{"rung":)"), std::string::npos) << json;
    const auto text = format_attempt(LineFormat::Text, kNow, refused).at(0);
    EXPECT_NE(text.find("rungs.1.tls.names.2=b.example"), std::string::npos) << text;
    EXPECT_NE(text.find("rungs.1.tls.certificate_error=\"certificate has expired\""),
              std::string::npos);
    EXPECT_NE(text.find("rungs.2.cause=handshake.alert"), std::string::npos) << "counts on";
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
