// What a session refuses, or ends, for reasons of its own, and by which public name
// (docs/policy/receiving.md). The machine's own are in smtp/server_machine_test.cc.
#include "inbound/recipient_policy.h"
#include "inbound/refusals.h"
#include "inbound/session_fixture.h"

#include <gmock/gmock.h>

namespace hermetic::inbound {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::StartsWith;

// The reply of this refusal, by its public name; what follows is its mark.
void expect_refused(const std::string& reply, const smtp::RefusalKind& kind, std::string_view id)
{
    EXPECT_EQ(facts::name(kind.reason), id);
    EXPECT_THAT(reply, StartsWith(std::to_string(kind.code) + " " + kind.enhanced.format() + " " +
                                  std::string{kind.text}));
}

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

TEST(SessionRefusals, OfAClientWithTooManyMessages)
{
    SessionFixture fixture;
    fixture.limits.messages_per_client = 1;
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        (void)co_await client.say("EHLO client.example");
        (void)co_await client.say("MAIL FROM:<>");
        (void)co_await client.say("RSET");
        const auto reply = co_await client.say("MAIL FROM:<>");
        expect_refused(reply, refusal::kLimitMessagesPerClient, "limit.messages-per-client");
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

TEST(SessionRefusals, OfAMessageThatCouldNotBeWritten)
{
    SessionFixture fixture;
    fixture.spool.threshold = 1000;
    fixture.spool.fail_after = 2000;
    fixture.spool.fails_full = false;
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        (void)co_await client.say("EHLO client.example");
        (void)co_await client.say("MAIL FROM:<>");
        (void)co_await client.say("RCPT TO:<b@example.org>");
        (void)co_await client.say("DATA");
        std::string message;
        while (message.size() < 10'000) message += "0123456789\r\n";
        const auto reply = co_await client.say(message + ".");
        expect_refused(reply, refusal::kStoreFailed, "store.failed");
        EXPECT_THAT(co_await client.say("NOOP"), StartsWith("250"));
    });
    EXPECT_THAT(fixture.log.events, ElementsAre("store.failed"));
    ASSERT_EQ(fixture.log.messages.size(), 1U);
    EXPECT_EQ(fixture.log.messages[0].verdict, "store.failed");
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
    EXPECT_THAT(fixture.log.events, ElementsAre("session.escaped"));
    EXPECT_THAT(fixture.log.lines, Contains("session.escaped what=the spool broke"));
}

}  // namespace
}  // namespace hermetic::inbound
