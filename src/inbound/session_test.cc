#include "core/text.h"
#include "inbound/message_assembly.h"
#include "inbound/session_fixture.h"
#include "net/core.h"
#include "net/task_group.h"
#include "smtp/refusals.h"

#include <gmock/gmock.h>

namespace hermetic::inbound {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

net::Task<> begin(TestClient& client, std::string recipients)
{
    EXPECT_THAT(co_await client.reply(), StartsWith("220 mx.example.org ESMTP"));
    EXPECT_THAT(co_await client.say("EHLO client.example.com"), StartsWith("250-mx.example.org"));
    EXPECT_THAT(co_await client.say("MAIL FROM:<a@example.com>"), StartsWith("250 2.1.0"));
    for (const std::string_view recipient : split(recipients, ' ')) {
        const std::string line = "RCPT TO:<" + std::string{recipient} + ">";
        EXPECT_THAT(co_await client.say(line), StartsWith("250 2.1.5"));
    }
}

net::Task<> begin_data(TestClient& client, std::string recipients = "b@example.org")
{
    co_await begin(client, std::move(recipients));
    EXPECT_THAT(co_await client.say("DATA"), StartsWith("354"));
}

TEST(Session, StampsTheMessageAndStoresOneForEachRoute)
{
    SessionFixture fixture;
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        co_await begin_data(client, "b@example.org c@example.net d@EXAMPLE.org");
        const auto reply = co_await client.say("Message-ID: <1@example.com>\r\n\r\n..dot\r\n.");
        EXPECT_EQ(f.spool.stored.size(), 2U) << "stored before the 250";
        EXPECT_EQ(reply, "250 2.0.0 " + format_id(f.spool.stored[0]->id) + " accepted");
        EXPECT_EQ(co_await client.say("QUIT"), "221 2.0.0 goodbye");
    });
    ASSERT_EQ(fixture.spool.stored.size(), 2U);
    const auto& first = *fixture.spool.stored[0];
    const auto& second = *fixture.spool.stored[1];
    EXPECT_EQ(first.body.id, second.body.id);
    EXPECT_NE(first.id, second.id);
    EXPECT_EQ(second.envelope->accepted_as, first.id);
    ASSERT_EQ(first.envelope->recipients.size(), 2U);
    EXPECT_EQ(first.envelope->recipients[1].address.format(), "d@example.org");
    EXPECT_EQ(first.envelope->arrival.protocol, "ESMTP");
    EXPECT_EQ(first.envelope->message_id, "<1@example.com>");
    const std::string text = fixture.spool.text(0);
    EXPECT_EQ(first.envelope->size, text.size());
    EXPECT_THAT(text,
                StartsWith("Received: from client.example.com ([127.0.0.1]) by mx.example.org"));
    EXPECT_THAT(text, HasSubstr(format_id(first.id)));
    EXPECT_THAT(text, testing::EndsWith("+0000\r\nMessage-ID: <1@example.com>\r\n\r\n.dot\r\n"));

    ASSERT_EQ(fixture.log.messages.size(), 1U);
    EXPECT_EQ(fixture.log.messages[0].refused, facts::Reason::None);
    EXPECT_EQ(fixture.log.messages[0].parts.size(), 2U);
    EXPECT_EQ(fixture.log.messages[0].client.listener, fixture.options.name);
    EXPECT_EQ(fixture.log.messages[0].client.address.address.format(), "127.0.0.1");
    EXPECT_EQ(fixture.log.messages[0].client.helo, "client.example.com");
    EXPECT_FALSE(fixture.log.messages[0].client.tls);
    ASSERT_EQ(fixture.log.sessions.size(), 1U);
    EXPECT_EQ(fixture.log.sessions[0].ended, "quit");
    EXPECT_EQ(fixture.log.sessions[0].messages, 1U);
    EXPECT_EQ(fixture.metrics.value(metrics::Metric::SessionsOpen), 0);
    EXPECT_EQ(fixture.metrics.value(metrics::Metric::MessagesAccepted), 1);
    EXPECT_EQ(fixture.admission.sessions(), 0U);
}

TEST(Session, TheEventOfAMessageHasItsSubjectPrintable)
{
    SessionFixture fixture;
    fixture.run([](SessionFixture&, TestClient& client) -> net::Task<> {
        co_await begin_data(client, "b@example.org");
        (void)co_await client.say("Subject: =?utf-8?q?f=C3=BCr?=\x01\r\n alle\r\n\r\nx\r\n.");
    });
    EXPECT_EQ(fixture.log.messages.at(0).subject, R"(=?utf-8?q?f=C3=BCr?=\x01 alle)");
}

TEST(Session, AnswersPipelinedCommandsTogetherAndInOrder)
{
    SessionFixture fixture;
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        (void)co_await client.say("EHLO a");
        co_await client.send(
            "MAIL FROM:<>\r\nRCPT TO:<x@example.com>\r\nRCPT TO:<b@example.org>\r\nBDAT 3 "
            "LAST\r\nabcNOOP\r\nQUIT\r\n");
        EXPECT_THAT(co_await client.reply(), StartsWith("250 2.1.0"));
        EXPECT_THAT(co_await client.reply(),
                    StartsWith("550 5.7.64 <x@example.com>: relaying denied"));
        EXPECT_THAT(co_await client.reply(), StartsWith("250 2.1.5"));
        EXPECT_THAT(co_await client.reply(), StartsWith("250 2.0.0 "));
        EXPECT_THAT(co_await client.reply(), StartsWith("250 2.0.0 ok"));
        EXPECT_THAT(co_await client.reply(), StartsWith("221"));
        EXPECT_EQ(f.spool.stored.size(), 1U);
        EXPECT_THAT(f.spool.text(0), testing::EndsWith("\r\nabc"));
    });
}

TEST(Session, LogsAlsoWhatOnlyTheEndOfTheLastChunkShowsToBeWrong)
{
    SessionFixture fixture;
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        (void)co_await client.say("EHLO a");
        // The octet after CR never comes: it was a bare one.
        for (const std::string_view chunks :
             {"BDAT 4 LAST\r\nabc\r", "BDAT 4\r\nabc\rBDAT 0 LAST\r\n"}) {
            (void)co_await client.say("MAIL FROM:<>");
            (void)co_await client.say("RCPT TO:<b@example.org>");
            co_await client.send(std::string{chunks});
            if (chunks.starts_with("BDAT 4\r")) {
                EXPECT_THAT(co_await client.reply(), StartsWith("250"));
            }
            EXPECT_THAT(co_await client.reply(), StartsWith("5"));
        }
        EXPECT_TRUE(f.spool.stored.empty());
    });
    ASSERT_EQ(fixture.log.messages.size(), 2U);
    for (const auto& message : fixture.log.messages) {
        EXPECT_EQ(message.refused, facts::Reason::MessageBareNewline);
        EXPECT_EQ(message.recipients.size(), 1U);
    }
}

TEST(Session, WritesLargeBodiesToAFileWhileTheyArrive)
{
    SessionFixture fixture;
    fixture.spool.threshold = 10'000;
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        co_await begin_data(client);
        std::string message = "Subject: large\r\n\r\n";
        std::string expected = message;
        while (message.size() < 3'000'000) {
            message += "..0123456789012345678901234567890123456789\r\nmore\r\n";
            expected += ".0123456789012345678901234567890123456789\r\nmore\r\n";
        }
        const auto reply = co_await client.say(message + ".");
        EXPECT_THAT(reply, StartsWith("250 2.0.0"));
        EXPECT_TRUE(f.spool.stored.at(0)->body.in_file);
        EXPECT_LE(f.spool.largest_piece, MessageAssembly::kPiece + 16 * 1024);
        const std::string stored = f.spool.text(0);
        EXPECT_TRUE(stored.ends_with(expected));
        EXPECT_EQ(f.spool.stored[0]->envelope->size, stored.size());
    });
}

TEST(Session, RefusesWithTheSpoolsReason)
{
    SessionFixture fixture;
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        f.spool.durability = spool::Durability::Refused;
        co_await begin_data(client);
        EXPECT_THAT(co_await client.say("x\r\n."), StartsWith("452 4.3.1"));
        f.spool.durability = spool::Durability::Unknown;
        (void)co_await client.say("MAIL FROM:<a@example.com>");
        (void)co_await client.say("RCPT TO:<b@example.org>");
        (void)co_await client.say("DATA");
        EXPECT_THAT(co_await client.say("x\r\n."), StartsWith("451 4.3.0"));
        f.spool.now = spool::Pressure::DiskFull;
        EXPECT_THAT(co_await client.say("MAIL FROM:<a@example.com>"),
                    StartsWith("452 4.3.1 not enough disk space"));
        f.spool.now = spool::Pressure::None;
        EXPECT_THAT(co_await client.say("MAIL FROM:<a@example.com>"), StartsWith("250"));
    });
    EXPECT_EQ(fixture.log.messages.at(0).refused, facts::Reason::StoreRefused);
    EXPECT_EQ(fixture.log.messages.at(1).refused, facts::Reason::StoreUnknown);
}

TEST(Session, SwallowsTheRestWhenTheDiskFillsAndStaysInStep)
{
    SessionFixture fixture;
    fixture.spool.threshold = 1000;
    fixture.spool.fail_after = 300'000;
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        co_await begin_data(client);
        std::string message;
        while (message.size() < 1'000'000) message += "QUIT\r\n";
        EXPECT_THAT(co_await client.say(message + "."), StartsWith("452 4.3.1 not enough disk"));
        EXPECT_EQ(co_await client.say("NOOP"), "250 2.0.0 ok");
        EXPECT_TRUE(f.spool.stored.empty());
    });
}

// limits.memory: what arrives already goes to its file early, new mail waits.
TEST(Session, SpillsToDiskAndRefusesNewMailWhenMemoryIsUsedUp)
{
    SessionFixture fixture;
    fixture.limits.memory = 64 * 1024;
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        std::string message;
        while (message.size() < 200'000) message += "0123456789\r\n";
        co_await begin_data(client);
        MessageMemory::Share others{f.memory};
        EXPECT_TRUE(others.cover(48 * 1024));
        EXPECT_THAT(co_await client.say(message + "."), StartsWith("250 2.0.0"));
        EXPECT_TRUE(f.spool.stored.at(0)->body.in_file) << "below the threshold, but no room";
        EXPECT_LE(f.spool.largest_piece, 48U * 1024);
        EXPECT_TRUE(f.spool.text(0).ends_with(message));
        EXPECT_EQ(f.memory.used(), 48U * 1024) << "all given back";
        EXPECT_TRUE(others.cover(64 * 1024));
        EXPECT_FALSE(others.cover(64 * 1024 + 1));
        EXPECT_THAT(co_await client.say("MAIL FROM:<a@example.com>"),
                    StartsWith("452 4.3.1 too much mail is arriving"));
        others.clear();
        EXPECT_THAT(co_await client.say("MAIL FROM:<a@example.com>"), StartsWith("250"));
        (void)co_await client.say("RCPT TO:<b@example.org>");
        (void)co_await client.say("DATA");
        co_await client.send("half a message\r\n");
    });
    EXPECT_EQ(fixture.memory.used(), 0U);
    EXPECT_EQ(fixture.metrics.value(metrics::Metric::MessageMemory), 0);
}

TEST(Session, KeepsNothingOfAMessageThatBroke)
{
    SessionFixture fixture;
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        co_await begin_data(client);
        co_await client.send("half a message\r\n");
    });
    EXPECT_TRUE(fixture.spool.stored.empty());
    EXPECT_EQ(fixture.log.sessions.at(0).ended, "closed");
}

TEST(Session, EndsWhoSpeaksBeforeTheBanner)
{
    SessionFixture fixture;
    // A PROXY network makes the session wait for the client first, so that the order is certain.
    fixture.options.proxy_networks = {*Network::parse("127.0.0.0/8")};
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        co_await client.send("PROXY UNKNOWN\r\nEHLO early\r\n");
        EXPECT_THAT(co_await client.reply(), StartsWith("554 5.5.0"));
        EXPECT_EQ(co_await client.reply(), "(closed)");
    });
    EXPECT_EQ(fixture.log.sessions.at(0).ended, "sequence.early-input");
}

// A client that knows no CR would wait for an answer until its time is up. Nothing behind the line
// is looked at: it may be another's (smuggling).
TEST(Session, EndsWhoEndsLinesWithLfAlone)
{
    SessionFixture fixture;
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        co_await client.send("EHLO a\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\n");
        EXPECT_THAT(co_await client.reply(), StartsWith("500 5.5.2 the line ends in a bare LF"));
        EXPECT_EQ(co_await client.reply(), "(closed)");
    });
    EXPECT_EQ(fixture.log.sessions.at(0).ended, "command.bare-line-feed");
    EXPECT_EQ(fixture.log.sessions.at(0).client.helo, "");
    SessionFixture other;
    other.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        co_await begin(client, "b@example.org");
        co_await client.send("DATA\nSubject: x\n\n.\n");
        EXPECT_THAT(co_await client.reply(), StartsWith("500 5.5.2"));
        EXPECT_EQ(co_await client.reply(), "(closed)");
    });
    EXPECT_TRUE(other.spool.stored.empty());
}

TEST(Session, EndsWhoSendsTheMessageBehindData)
{
    SessionFixture fixture;
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        co_await begin(client, "b@example.org");
        co_await client.send("DATA\r\nSubject: x\r\n\r\n.\r\n");
        EXPECT_THAT(co_await client.reply(), StartsWith("554 5.5.0"));
        EXPECT_EQ(co_await client.reply(), "(closed)");
    });
    EXPECT_TRUE(fixture.spool.stored.empty());
}

TEST(Session, BelievesAProxyOnlyFromItsNetworks)
{
    SessionFixture fixture;
    fixture.options.proxy_networks = {*Network::parse("127.0.0.0/8")};
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        co_await client.send("PROXY TCP4 192.0.2.7 192.0.2.1 4711 25\r\n");
        co_await begin_data(client);
        EXPECT_THAT(co_await client.say("x\r\n."), StartsWith("250"));
        EXPECT_THAT(f.spool.text(0), HasSubstr("([192.0.2.7])"));
        EXPECT_EQ(f.spool.stored[0]->envelope->arrival.client.format(), "192.0.2.7:4711");
    });
    SessionFixture other;
    other.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        EXPECT_THAT(co_await client.say("PROXY TCP4 192.0.2.7 192.0.2.1 4711 25"),
                    StartsWith("500 5.5.1"));
    });
    SessionFixture broken;
    broken.options.proxy_networks = {*Network::parse("127.0.0.0/8")};
    broken.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        EXPECT_EQ(co_await client.say("EHLO client.example"), "(closed)");
    });
    EXPECT_EQ(broken.log.sessions.at(0).ended, "proxy.malformed");
}

TEST(Session, TakesTheClientFromXclientWhereItMay)
{
    SessionFixture fixture;
    fixture.options.xclient_networks = {*Network::parse("127.0.0.1")};
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        EXPECT_THAT(co_await client.say("EHLO proxy"), HasSubstr("XCLIENT NAME ADDR"));
        EXPECT_THAT(co_await client.say("XCLIENT ADDR=192.0.2.9 NAME=real.example.com PORT=99 "
                                        "LOGIN=anna+2Blist"),
                    StartsWith("220"));
        (void)co_await client.say("EHLO real.example.com");
        (void)co_await client.say("MAIL FROM:<>");
        (void)co_await client.say("RCPT TO:<Postmaster>");
        (void)co_await client.say("DATA");
        EXPECT_THAT(co_await client.say("."), StartsWith("250"));
        EXPECT_THAT(f.spool.text(0), HasSubstr("(real.example.com [192.0.2.9])"));
        EXPECT_EQ(f.spool.stored[0]->envelope->recipients[0].address.format(),
                  "postmaster@example.org");
    });
    EXPECT_EQ(fixture.log.sessions.at(0).client.address.format(), "192.0.2.9:99");
    EXPECT_EQ(fixture.log.sessions.at(0).client.login, "anna+list");
}

// Specification §2.3: evidence grants. The proxy's own address says nothing about its clients.
TEST(Session, AClientWhoseAddressIsNotKnownHasNotTheProxysRights)
{
    SessionFixture fixture;
    fixture.options.xclient_networks = {*Network::parse("127.0.0.1")};
    auto contents = fixture.snapshot->contents();
    objects::InboundConnector ours;
    ours.kind = objects::ConnectorKind::OnPremises;
    ours.name = "ours";
    ours.networks = {*Network::parse("127.0.0.0/8")};
    ours.may_relay = true;
    contents.inbound_connectors.push_back(ours);
    fixture.snapshot = std::make_shared<const objects::Snapshot>(contents);
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        for (const char* xclient :
             {"", "XCLIENT ADDR=[UNAVAILABLE]", "XCLIENT ADDR=[TEMPUNAVAIL]"}) {
            const std::string line{xclient};
            if (!line.empty()) {
                EXPECT_THAT(co_await client.say(line), StartsWith("220"));
            }
            (void)co_await client.say("EHLO proxy");
            (void)co_await client.say("MAIL FROM:<a@example.org>");
            EXPECT_THAT(co_await client.say("RCPT TO:<b@elsewhere.example>"),
                        StartsWith(line.empty() ? "250" : "550 5.7.64"));
            (void)co_await client.say("RSET");
        }
    });
}

// The PROXY protocol's LOCAL and UNKNOWN name no client: whoever it is, it is not the proxy.
TEST(Session, AConnectionWhoseProxyNamesNoClientHasNotTheProxysRights)
{
    SessionFixture fixture;
    fixture.options.proxy_networks = {*Network::parse("127.0.0.0/8")};
    fixture.options.xclient_networks = {*Network::parse("127.0.0.0/8")};
    auto contents = fixture.snapshot->contents();
    objects::InboundConnector ours;
    ours.kind = objects::ConnectorKind::OnPremises;
    ours.name = "ours";
    ours.networks = {*Network::parse("0.0.0.0/0")};
    ours.may_relay = true;
    contents.inbound_connectors.push_back(ours);
    fixture.snapshot = std::make_shared<const objects::Snapshot>(contents);
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        co_await client.send("PROXY UNKNOWN 127.0.0.1 127.0.0.1 1 2\r\n");
        (void)co_await client.reply();
        EXPECT_THAT(co_await client.say("EHLO proxy"), testing::Not(HasSubstr("XCLIENT")));
        EXPECT_THAT(co_await client.say("XCLIENT ADDR=127.0.0.1"), StartsWith("550 5.7.0"));
        (void)co_await client.say("MAIL FROM:<a@example.org>");
        EXPECT_THAT(co_await client.say("RCPT TO:<b@elsewhere.example>"), StartsWith("550 5.7.64"));
        EXPECT_THAT(co_await client.say("RCPT TO:<b@example.org>"), StartsWith("250"));
        (void)co_await client.say("DATA");
        EXPECT_THAT(co_await client.say("x\r\n."), StartsWith("250"));
        EXPECT_EQ(f.spool.stored[0]->envelope->arrival.connector, "");
    });
    SessionFixture many;
    many.options.proxy_networks = fixture.options.proxy_networks;
    many.limits.sessions_per_client = 0;
    many.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        co_await client.send(std::string{"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16});
        EXPECT_THAT(co_await client.reply(), StartsWith("421 4.7.0 limit of sessions from your"));
    });
}

// limits.misuse_delay: replies come at once, the next command waits.
TEST(Session, ReadsOnSlowlyFromWhoOnlyMakesWork)
{
    SessionFixture fixture;
    fixture.limits.misuse_delay = std::chrono::milliseconds{20};
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        const Instant began = f.loop.clock.now();
        std::string many;
        for (int i = 0; i < 16; ++i) many += "FOO\r\n";
        co_await client.send(std::move(many));
        for (int i = 0; i < 16; ++i) {
            EXPECT_THAT(co_await client.reply(), StartsWith("500 5.5.1"));
        }
        EXPECT_GE(f.loop.clock.now() - began, std::chrono::milliseconds{10 * 20});
        (void)co_await client.say("QUIT");
    });
    EXPECT_EQ(fixture.log.sessions.at(0).ended, "quit");
}

TEST(Session, EndsWithWordsWhenTheTimeIsUp)
{
    SessionFixture fixture;
    fixture.limits.command_timeout = std::chrono::milliseconds{1};
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        EXPECT_THAT(co_await client.reply(), StartsWith("421 4.4.2"));
        EXPECT_EQ(co_await client.reply(), "(closed)");
    });
    EXPECT_EQ(fixture.log.sessions.at(0).ended, "session.timed-out");
}

TEST(Session, LetsATransactionEndWhenTheServerStops)
{
    SessionFixture fixture;
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        co_await begin_data(client);
        net::TaskGroup group{f.loop.core};
        const Duration grace = std::chrono::seconds{30};
        group.spawn(f.service->stop(grace));
        co_await net::sleep_until(f.loop.core, f.loop.in(std::chrono::milliseconds{5}));
        EXPECT_THAT(co_await client.say("x\r\n."), StartsWith("250 2.0.0"));
        EXPECT_THAT(co_await client.reply(), StartsWith("421 4.3.2"));
        EXPECT_EQ(co_await client.reply(), "(closed)");
        co_await group.join();
    });
    EXPECT_EQ(fixture.spool.stored.size(), 1U);
}

TEST(Session, TellsIdleClientsThatTheServerStopsAndCutsTheRest)
{
    SessionFixture fixture;
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        net::TaskGroup group{f.loop.core};
        const Duration grace = std::chrono::seconds{30};
        group.spawn(f.service->stop(grace));
        EXPECT_THAT(co_await client.reply(), StartsWith("421 4.3.2"));
        co_await group.join();
    });
    EXPECT_EQ(fixture.log.sessions.at(0).ended, "session.stopping");
    SessionFixture busy;
    busy.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        co_await begin_data(client);
        net::TaskGroup group{f.loop.core};
        const Duration grace{};
        group.spawn(f.service->stop(grace));
        EXPECT_THAT(co_await client.reply(), StartsWith("421 4.3.2"));
        co_await group.join();
    });
}

TEST(Session, TurnsAwayAboveTheLimitWithAReason)
{
    SessionFixture fixture;
    fixture.limits.sessions_per_client = 0;
    static std::string reply;
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        reply = co_await client.reply();
        EXPECT_EQ(co_await client.reply(), "(closed)");
    });
    EXPECT_THAT(reply, StartsWith("421 4.7.0 limit of sessions from your address"));
    EXPECT_EQ(fixture.metrics.value(metrics::Metric::SessionsRefused), 1);
    // What the client was told names the same session as the log.
    const std::string id = reply.substr(reply.find("Z ") + 2, 16);
    ASSERT_EQ(fixture.log.events.size(), 1U);
    EXPECT_THAT(fixture.log.events[0],
                StartsWith("client.turned-away session=" + id + " listener=mx client=127.0.0.1:"));
    EXPECT_THAT(fixture.log.events[0], EndsWith(" reason=limit.sessions-per-client"));
    EXPECT_NE(id, "0000000000000000");
}

TEST(Session, WhatComesBackToATestMessageIsKeptForWhoWaits)
{
    SessionFixture fixture;
    const WallTime now = fixture.loop.clock.wall();
    ASSERT_TRUE(fixture.bounces.expect("01ABC", now, now + std::chrono::minutes{2}));
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        (void)co_await client.say("EHLO peer.example");
        (void)co_await client.say("MAIL FROM:<>");
        EXPECT_THAT(co_await client.say("RCPT TO:<connector-test-01abc@example.org>"),
                    StartsWith("250"));
        (void)co_await client.say("DATA");
        EXPECT_THAT(co_await client.say("Subject: back\r\n\r\nwords\r\n."),
                    StartsWith("250 2.0.0"));
    });
    EXPECT_EQ(fixture.bounces.take("01ABC"), "Subject: back\r\n\r\nwords\r\n");
    ASSERT_EQ(fixture.spool.stored.size(), 1U);  // and it is the postmaster's mail
    EXPECT_EQ(fixture.log.messages.at(0).recipients.at(0), "postmaster@example.org");
}

// Rates are for strangers: loopback has none, nor has who is admitted.
TEST(Session, LimitsMessagesOfAClientThatNothingExempts)
{
    struct Row {
        const char* client;
        const char* second;
    };
    static Row row;
    for (const Row& each :
         {Row{"192.0.2.1", "450 4.7.0"}, Row{"127.0.0.9", "250"}, Row{"198.51.100.1", "250"}}) {
        row = each;
        SessionFixture fixture;
        fixture.limits.messages_per_client = 1;
        fixture.options.proxy_networks = {*Network::parse("127.0.0.0/8")};
        auto contents = fixture.snapshot->contents();
        objects::InboundConnector ours;
        ours.kind = objects::ConnectorKind::OnPremises;
        ours.name = "ours";
        ours.networks = {*Network::parse("198.51.100.0/24")};
        contents.inbound_connectors.push_back(ours);
        fixture.snapshot = std::make_shared<const objects::Snapshot>(contents);
        fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
            std::string header{"PROXY TCP4 "};
            header += row.client;
            header += " 192.0.2.25 4711 25\r\n";
            co_await client.send(std::move(header));
            (void)co_await client.reply();
            (void)co_await client.say("EHLO a");
            EXPECT_THAT(co_await client.say("MAIL FROM:<>"), StartsWith("250"));
            (void)co_await client.say("RSET");
            EXPECT_THAT(co_await client.say("MAIL FROM:<>"), StartsWith(row.second)) << row.client;
        });
    }
}

// Controllers and printers leave the brackets out: who is admitted may (specification §2.2).
TEST(Session, TakesAddressesWithoutBracketsFromWhomAConnectorAdmits)
{
    SessionFixture fixture;
    auto contents = fixture.snapshot->contents();
    objects::InboundConnector ours;
    ours.kind = objects::ConnectorKind::OnPremises;
    ours.name = "printers";
    ours.networks = {*Network::parse("127.0.0.0/8")};
    contents.inbound_connectors.push_back(ours);
    fixture.snapshot = std::make_shared<const objects::Snapshot>(contents);
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        (void)co_await client.say("EHLO b\xfcro");
        EXPECT_THAT(co_await client.say("MAIL FROM:a@example.com"), StartsWith("250"));
        EXPECT_THAT(co_await client.say("RCPT TO:b@example.org"), StartsWith("250"));
        (void)co_await client.say("DATA");
        EXPECT_THAT(co_await client.say("x\r\n."), StartsWith("250"));
    });
    EXPECT_EQ(fixture.spool.stored.at(0)->envelope->arrival.helo, "b\\xFCro");
}

}  // namespace
}  // namespace hermetic::inbound
