// What a session refuses, or ends, for reasons of its own, and by which public name
// (docs/policy/receiving.md). The machine's own are in smtp/server_machine_test.cc.
#include "inbound/recipient_policy.h"
#include "inbound/refusals.h"
#include "inbound/session_fixture.h"
#include "net/core.h"
#include "net/deadline_wheel.h"

#include <gmock/gmock.h>

namespace hermetic::inbound {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::StartsWith;

TEST(SessionRefusals, OfMailWhileTheSpoolIsUnderPressure)
{
    SessionFixture fixture;
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        (void)co_await client.say("EHLO client.example");
        using spool::Pressure;
        struct Row {
            Pressure pressure;
            const smtp::RefusalKind& kind;
            std::string_view id;
        };
        const Row rows[] = {
            {Pressure::DiskFull, refusal::kPressureDiskFull, "pressure.disk-full"},
            {Pressure::DiskFailing, refusal::kPressureDiskFailing, "pressure.disk-failing"},
            {Pressure::QueueFull, refusal::kPressureQueueFull, "pressure.queue-full"},
        };
        for (const Row& row : rows) {
            f.spool.now = row.pressure;
            const auto reply = co_await client.say("MAIL FROM:<a@example.com>");
            expect_refused(reply, row.kind, row.id);
        }
        f.spool.now = Pressure::None;
        EXPECT_THAT(co_await client.say("MAIL FROM:<a@example.com>"), StartsWith("250"));
    });
}

TEST(SessionRefusals, OfMailWhileTheMemoryForArrivingMessagesIsUsedUp)
{
    SessionFixture fixture;
    fixture.limits.memory = 64 * 1024;
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        (void)co_await client.say("EHLO client.example");
        MessageMemory::Share others{f.memory};
        EXPECT_TRUE(others.cover(64 * 1024));
        EXPECT_FALSE(others.cover(64 * 1024 + 1));
        const auto reply = co_await client.say("MAIL FROM:<a@example.com>");
        expect_refused(reply, refusal::kPressureMemoryFull, "pressure.memory-full");
        others.clear();
    });
}

// A client that is not on loopback, which has no limits, with its first MAIL.
net::Task<> begin_as_stranger(TestClient& client)
{
    co_await client.send("PROXY TCP4 192.0.2.1 192.0.2.25 4711 25\r\n");
    (void)co_await client.reply();
    (void)co_await client.say("EHLO client.example");
    (void)co_await client.say("MAIL FROM:<>");
}

// "[mx.example.org 2026-11-22T… 0123456789abcdef]" at the end of a refusal.
net::Task<SessionId> session_of(TestClient& client)
{
    const std::string mark = co_await client.say("FLY");
    co_return SessionId{std::stoull(mark.substr(mark.rfind(' ') + 1, 16), nullptr, 16)};
}

TEST(SessionRefusals, OfAClientWithTooManyMessages)
{
    SessionFixture fixture;
    fixture.limits.messages_per_client = 1;
    fixture.options.proxy_networks = {*Network::parse("127.0.0.0/8")};
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        co_await begin_as_stranger(client);
        (void)co_await client.say("RSET");
        const auto reply = co_await client.say("MAIL FROM:<>");
        expect_refused(reply, refusal::kLimitMessagesPerClient, "limit.messages-per-client");
    });
}

// Who collects addresses learns nothing more, of those that are there either.
TEST(SessionRefusals, OfAClientWithTooManyRefusedRecipients)
{
    SessionFixture fixture;
    fixture.limits.refused_recipients_per_client = 2;
    fixture.options.proxy_networks = {*Network::parse("127.0.0.0/8")};
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        co_await begin_as_stranger(client);
        (void)co_await client.say("RCPT TO:<a@elsewhere.example>");
        (void)co_await client.say("RCPT TO:<b@elsewhere.example>");
        const auto reply = co_await client.say("RCPT TO:<c@example.org>");
        expect_refused(reply, refusal::kLimitRefusedRecipientsPerClient,
                       "limit.refused-recipients-per-client");
    });
}

TEST(SessionRefusals, OfAStrangersAddressesWithoutBrackets)
{
    SessionFixture fixture;
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        (void)co_await client.say("EHLO client.example");
        expect_refused(co_await client.say("MAIL FROM:a@example.com"), refusal::kMailSyntax,
                       "mail.syntax");
        (void)co_await client.say("MAIL FROM:<a@example.com>");
        expect_refused(co_await client.say("RCPT TO:b@example.org"), refusal::kRcptSyntax,
                       "rcpt.syntax");
    });
}

TEST(SessionRefusals, OfAnIdleSessionWhosePlaceOthersNeed)
{
    SessionFixture fixture;
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        (void)co_await client.say("EHLO client.example");
        f.service->give_way(SessionId{1});  // of a session that has ended
        EXPECT_EQ((co_await client.say("NOOP")).substr(0, 3), "250");
        const SessionId id = co_await session_of(client);
        f.service->give_way(id);
        expect_refused(co_await client.reply(), refusal::kLimitIdleSessions, "limit.idle-sessions");
    });
}

TEST(SessionRefusals, OfAnIdleSessionComesAfterTheAnswerToACommandThatIsThere)
{
    SessionFixture fixture;
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        (void)co_await client.say("EHLO client.example");
        const SessionId id = co_await session_of(client);
        co_await client.send("NOOP\r\n");
        f.service->give_way(id);
        EXPECT_EQ((co_await client.reply()).substr(0, 3), "250");
        expect_refused(co_await client.reply(), refusal::kLimitIdleSessions, "limit.idle-sessions");
    });
}

TEST(SessionRefusals, OfAMessageThatTricklesInWhilePlacesAreScarce)
{
    SessionFixture fixture;
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        (void)co_await client.say("EHLO client.example");
        (void)co_await client.say("MAIL FROM:<>");
        (void)co_await client.say("RCPT TO:<b@example.org>");
        (void)co_await client.say("DATA");
        for (int i = 0; i < 3; ++i) {
            f.loop.clock.shift += std::chrono::seconds{9};
            co_await client.send("x");
            const Instant seen = f.loop.in(net::DeadlineWheel::kTick);
            (void)co_await net::sleep_until(f.loop.core, seen);
        }
        config::LimitOptions full = f.limits;
        full.sessions = 1;
        f.admission.set_limits(full);
        const auto other = f.admission.admit(
            *IpAddress::parse("192.0.2.9"), Admission::Count::Client, Rates::Exempt, f.loop.in({}));
        EXPECT_TRUE(other.has_value()) << "it got the place";
        expect_refused(co_await client.reply(), refusal::kLimitIdleSessions, "limit.idle-sessions");
    });
}

TEST(SessionRefusals, OfEveryRecipientBeforeAnOrganizationIsApplied)
{
    SessionFixture fixture;
    fixture.snapshot = std::make_shared<const objects::Snapshot>(objects::Snapshot::Contents{});
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        (void)co_await client.say("EHLO client.example");
        (void)co_await client.say("MAIL FROM:<>");
        for (const std::string recipient : {"<b@example.org>", "<postmaster>"}) {
            const auto reply = co_await client.say("RCPT TO:" + recipient);
            expect_refused(reply, refusal::kRecipientNoOrganization, "recipient.no-organization");
        }
    });
}

net::Task<std::string> send_what_cannot_be_written(TestClient& client)
{
    (void)co_await client.reply();
    (void)co_await client.say("EHLO client.example");
    (void)co_await client.say("MAIL FROM:<>");
    (void)co_await client.say("RCPT TO:<b@example.org>");
    (void)co_await client.say("DATA");
    std::string message;
    while (message.size() < 10'000) message += "0123456789\r\n";
    co_return co_await client.say(message + ".");
}

TEST(SessionRefusals, OfAMessageBeyondItsClientsShareOfTheDisk)
{
    SessionFixture fixture;
    fixture.spool.threshold = 1000;
    fixture.spool.fail_after = 2000;
    fixture.spool.failure = spool::BodyFailure::DiskShare;
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        const auto reply = co_await send_what_cannot_be_written(client);
        expect_refused(reply, refusal::kPressureDiskShare, "pressure.disk-share");
        EXPECT_EQ(f.spool.client, "127.0.0.1") << "whose octets they are";
    });
}

TEST(SessionRefusals, OfAMessageThatCouldNotBeWritten)
{
    SessionFixture fixture;
    fixture.spool.threshold = 1000;
    fixture.spool.fail_after = 2000;
    fixture.spool.failure = spool::BodyFailure::Other;
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        const auto reply = co_await send_what_cannot_be_written(client);
        expect_refused(reply, refusal::kStoreFailed, "store.failed");
        EXPECT_THAT(co_await client.say("NOOP"), StartsWith("250"));
    });
    EXPECT_THAT(fixture.log.events, ElementsAre(testing::StartsWith("store.failed ")));
    ASSERT_EQ(fixture.log.messages.size(), 1U);
    EXPECT_EQ(fixture.log.messages[0].refused, facts::Reason::StoreFailed);
    EXPECT_TRUE(fixture.spool.stored.empty());
}

TEST(SessionRefusals, OfAnImplicitTlsThatHasNoCertificate)
{
    SessionFixture fixture;
    fixture.options.tls = config::ListenerTls::Implicit;
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        EXPECT_EQ(co_await client.reply(), "(closed)");
    });
    EXPECT_EQ(fixture.log.sessions.at(0).ended, "tls.unavailable");
}

// An error of ours ends this session, is told, and no other session hears of it.
TEST(SessionRefusals, AnErrorOfOursEndsOneSessionAndIsTold)
{
    SessionFixture fixture;
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        (void)co_await client.say("EHLO client.example");
        f.spool.throws = true;
        EXPECT_EQ(co_await client.say("MAIL FROM:<>"), "(closed)");
        f.spool.throws = false;
        const Instant deadline = f.loop.in(std::chrono::seconds{20});
        auto stream = co_await net::Stream::connect(f.loop.core, f.address, std::nullopt, deadline);
        EXPECT_TRUE(stream);
        if (!stream) co_return;
        (*stream)->until(deadline);
        TestClient other{std::move(*stream)};
        EXPECT_THAT(co_await other.reply(), StartsWith("220"));
        EXPECT_THAT(co_await other.say("QUIT"), StartsWith("221"));
    });
    EXPECT_THAT(fixture.log.events, ElementsAre(testing::StartsWith("session.escaped ")));
    EXPECT_THAT(fixture.log.events, Contains("session.escaped what=the spool broke"));
}

}  // namespace
}  // namespace hermetic::inbound
