#include "ledger/lines.h"

#include "facts/reasons.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

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
    attempt.organization = "Example";
    attempt.destination = "mx:example.net";
    attempt.host = "mx.example.net";
    attempt.policy = "opportunistic";
    attempt.policy_reasons = {facts::Reason::TlsOrganizationLevel};
    facts::AttemptStep step;
    step.host = "mx.example.net";
    step.reason = facts::Reason::HandshakeAlert;
    step.tls_failure =
        facts::TlsFailure{facts::TlsFailure::Kind::Alert, 70, "protocol version", {}};
    attempt.steps.push_back(step);
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

std::string lines_of(LineFormat format, events::What what, Level least = Level::Debug)
{
    Lines lines{format, least};
    lines.add(events::Event{kNow, 1, std::move(what)});
    return lines.text();
}

TEST(Lines, AnAttemptIsAJsonObjectForEachRecipient)
{
    facts::Attempt two = attempt();
    two.parts.push_back({"c@example.net", two.parts[0].outcome});
    const std::string lines = lines_of(LineFormat::Json, std::move(two));
    EXPECT_EQ(std::ranges::count(lines, '\n'), 2);
    EXPECT_TRUE(lines.ends_with('\n'));
    EXPECT_TRUE(lines.starts_with(
        R"({"time":"2001-09-09T01:46:40.123Z","level":"warning","event":"attempt")"))
        << lines;
    EXPECT_NE(lines.find(R"("outcome":"deferred","stage":"rcpt","origin":"remote","code":450)"),
              std::string::npos);
    EXPECT_NE(lines.find(R"("steps":[{"step":"everything")"), std::string::npos);
    EXPECT_NE(lines.find(R"("tls":null)"), std::string::npos);
    EXPECT_NE(lines.find(R"("to":"c@example.net")"), std::string::npos);
    EXPECT_NE(lines.find(R"("organization":"Example","destination":"mx:example.net")"),
              std::string::npos);
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
    refused.steps.insert(refused.steps.begin(), facts::AttemptStep{});
    refused.steps[0].tls = tls;
    const auto json = lines_of(LineFormat::Json, facts::Attempt{refused});
    EXPECT_NE(json.find(R"("names":["a.example","b.example"],"not_before":"1970)"),
              std::string::npos)
        << json;
    EXPECT_NE(json.find(R"("chain":["CN=one","CN=two"]}},{"step":)"), std::string::npos) << json;
    const auto text = lines_of(LineFormat::Text, facts::Attempt{refused});
    EXPECT_NE(text.find("steps.1.tls.names.2=b.example"), std::string::npos) << text;
    EXPECT_NE(text.find("steps.1.tls.certificate_error=\"certificate has expired\""),
              std::string::npos);
    EXPECT_NE(text.find("steps.2.cause=handshake.alert"), std::string::npos) << "counts on";
}

TEST(Lines, OfManyStepsTheLastStandInEachLine)
{
    facts::Attempt many = attempt();
    many.steps.assign(200, many.steps.front());
    many.steps.back().host = "last.example.net";
    const auto json = lines_of(LineFormat::Json, facts::Attempt{many});
    EXPECT_NE(json.find(R"("steps_left_out":170,"steps":[{"step")"), std::string::npos) << json;
    EXPECT_NE(json.find("last.example.net"), std::string::npos);
    EXPECT_LT(json.size(), std::size_t{20'000});
    EXPECT_EQ(lines_of(LineFormat::Json, attempt()).find("steps_left_out"), std::string::npos);
}

TEST(Lines, ForeignTextCannotBreakALine)
{
    for (const LineFormat format : {LineFormat::Json, LineFormat::Text}) {
        const std::string lines = lines_of(format, attempt());
        EXPECT_EQ(lines.find('\n'), lines.size() - 1);
        EXPECT_EQ(lines.find('\r'), std::string::npos);
    }
}

// Of ours what is foreign was made printable when it came in; a peer's reply stands as it came.
TEST(Lines, NothingIsEscapedTwiceAndNoEscapeCanBeForged)
{
    facts::Attempt told = attempt();
    told.sender = "\\xE9@example.org";
    told.steps[0].tls_failure->words = "\\x1B[2J";
    facts::TlsEvidence tls;
    tls.chain.resize(2);
    tls.chain[0].subject = "CN=\\x00";
    tls.chain[0].dns_names = {"\\xFF.example"};
    tls.chain[1].subject = "CN=\\x01";
    told.tls = tls;
    facts::Outcome& outcome = told.parts[0].outcome;
    outcome.text = "\\x1B \x1B";
    EXPECT_NE(lines_of(LineFormat::Text, facts::Attempt{told}).find(R"(reply="\\\\x1B \\x1B")"),
              std::string::npos)
        << "the quotation marks of a word double each once more: "
        << lines_of(LineFormat::Text, facts::Attempt{told});
    outcome.origin = facts::Origin::Local;
    outcome.text = "it names \\xC3\n";
    const auto json = lines_of(LineFormat::Json, facts::Attempt{told});
    for (const auto* once : {R"("from":"\\xE9@example.org")", R"("reply":"it names \\xC3\\x0A")",
                             R"(alert: \\x1B[2J (70))", R"("subject":"CN=\\x00")",
                             R"("names":["\\xFF.example"])", R"("chain":["CN=\\x01"])"}) {
        EXPECT_NE(json.find(once), std::string::npos) << once << " in " << json;
    }
    EXPECT_EQ(json.find(R"(\\\\)"), std::string::npos) << json;
    EXPECT_NE(lines_of(LineFormat::Text, facts::Attempt{told}).find(R"(from=\xE9@example.org)"),
              std::string::npos);
}

TEST(Lines, TextFormHasKeysAndValues)
{
    const std::string lines = lines_of(LineFormat::Text, attempt());
    EXPECT_NE(lines.find("event=attempt"), std::string::npos);
    EXPECT_NE(lines.find("steps.1.cause=handshake.alert"), std::string::npos) << lines;
    EXPECT_NE(lines.find("reply=\"4.2.1 try"), std::string::npos);
}

TEST(Lines, AMessageSaysItsVerdict)
{
    events::MessageReceived refused;
    refused.refused = facts::Reason::MessageBareNewline;
    refused.code = 550;
    refused.text = "no";
    EXPECT_EQ(lines_of(LineFormat::Json, std::move(refused)),
              R"({"time":"2001-09-09T01:46:40.123Z","level":"warning","event":"message","id":"",)"
              R"("session":"0000000000000000","from":"","to":[],"size":0,"message_id":"",)"
              R"("verdict":"message.bare-newline","code":550,"reply":"no","routes":[]})"
              "\n");
    events::MessageReceived accepted;
    accepted.id.bytes[15] = 1;
    accepted.recipients = {"b@example.net"};
    accepted.connector = "gw";
    accepted.organization = "Example";
    accepted.because = "attribution.network 192.0.2.0/24";
    accepted.parts = {{accepted.id, "Example", "mx:example.net (route.mx)"}};
    EXPECT_EQ(lines_of(LineFormat::Json, std::move(accepted)),
              R"({"time":"2001-09-09T01:46:40.123Z","level":"info","event":"message",)"
              R"("id":"00000000000000000000000001","session":"0000000000000000","from":"",)"
              R"("to":["b@example.net"],"size":0,"message_id":"","verdict":"accepted",)"
              R"("connector":"gw","organization":"Example",)"
              R"("because":"attribution.network 192.0.2.0/24","code":250,)"
              "\"reply\":\"\",\"routes\":[\"mx:example.net (route.mx)\"]}"
              "\n");
}

TEST(Lines, ASessionSaysHowItEnded)
{
    events::SessionEnded ended;
    ended.id.value = 0x1f;
    ended.client.listener = "mx";
    ended.client.address = *Endpoint::parse("192.0.2.1:4711");
    ended.client.helo = "client.example";
    ended.messages = 1;
    ended.client.legacy_listener = true;
    ended.ended = "quit";
    ended.took = std::chrono::milliseconds{2};
    EXPECT_EQ(lines_of(LineFormat::Json, std::move(ended)),
              R"({"time":"2001-09-09T01:46:40.123Z","level":"info","event":"session",)"
              R"("session":"000000000000001F","listener":"mx","client":"192.0.2.1:4711",)"
              R"("helo":"client.example","messages":1,"refused":0,"legacy":true,"ended":"quit",)"
              R"("took_us":2000,"tls":null})"
              "\n");
    events::SessionEnded secured;
    secured.client.login = "anna";
    secured.client.tls = std::make_shared<const facts::TlsEvidence>();
    secured.tls_failure = std::make_unique<const facts::TlsFailure>(
        facts::TlsFailure{facts::TlsFailure::Kind::Closed, -1, {}, {}});
    const std::string line = lines_of(LineFormat::Json, std::move(secured));
    EXPECT_NE(line.find(R"("helo":"","login":"anna","messages":0)"), std::string::npos) << line;
    EXPECT_NE(line.find(R"("tls":{"version":"none")"), std::string::npos) << line;
    EXPECT_NE(line.find(R"("tls_failure":"the peer closed)"), std::string::npos) << line;
}

TEST(Lines, ANoticeSaysWhatItIsAbout)
{
    events::NoticeMade dropped;
    dropped.about.bytes[15] = 1;
    dropped.kind = "failure";
    dropped.to = "a@example.org";
    dropped.reason = facts::Reason::NoticeLimited;
    EXPECT_EQ(lines_of(LineFormat::Json, std::move(dropped)),
              R"({"time":"2001-09-09T01:46:40.123Z","level":"info","event":"notice","id":"",)"
              R"("about":"00000000000000000000000001","kind":"failure","to":"a@example.org",)"
              R"("reason":"notice.limited"})"
              "\n");
}

TEST(Lines, NothingBelowTheLevelIsWritten)
{
    EXPECT_EQ(lines_of(LineFormat::Text, events::SessionEnded{}, Level::Warning), "");
    EXPECT_NE(lines_of(LineFormat::Text, attempt(), Level::Warning), "");
    EXPECT_EQ(lines_of(LineFormat::Text, attempt(), Level::Error), "");
}

}  // namespace
}  // namespace hermetic::ledger
