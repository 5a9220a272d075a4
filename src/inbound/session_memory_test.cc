// limits.memory counts what sessions hold, and nobody holds it who sends nothing.
#include "inbound/refusals.h"
#include "inbound/session_fixture.h"
#include "net/core.h"
#include "net/deadline_wheel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::inbound {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::size_t kKibi = 1024;
constexpr std::size_t kLimit = 64 * kKibi;
// What the beginning of a message takes.
constexpr std::size_t kBeginning = 16 * kKibi;

class SessionMemory : public testing::Test {
protected:
    SessionMemory() { fixture.limits.memory = kLimit; }

    SessionFixture fixture;
};

net::Task<> greet(TestClient& client)
{
    (void)co_await client.reply();
    (void)co_await client.say("EHLO client.example");
    EXPECT_THAT(co_await client.say("MAIL FROM:<a@example.com>"), StartsWith("250"));
}

net::Task<> begin_data(TestClient& client)
{
    co_await greet(client);
    (void)co_await client.say("RCPT TO:<b@example.org>");
    EXPECT_THAT(co_await client.say("DATA"), StartsWith("354"));
}

// Until the session has seen what was sent, or how long it was silent.
net::Task<> until_used(SessionFixture& fixture, std::uint64_t octets)
{
    while (fixture.memory.used() != octets) {
        const Instant soon = fixture.loop.in(net::DeadlineWheel::kTick);
        (void)co_await net::sleep_until(fixture.loop.core, soon);
    }
}

// The session has the beginning of a message; `others` get so much that more than half is used.
net::Task<> crowd(SessionFixture& fixture, MessageMemory::Share& others)
{
    co_await until_used(fixture, kBeginning);
    EXPECT_TRUE(others.cover(2 * kBeginning));
}

TEST_F(SessionMemory, OfASilentHalfSentMessageGoesToItsFileWhereOthersNeedIt)
{
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        co_await begin_data(client);
        const std::string half = std::string(70, 'x') + "\r\n";
        co_await client.send(half);
        MessageMemory::Share others{f.memory};
        co_await crowd(f, others);
        f.loop.clock.shift += seconds{6};
        co_await until_used(f, 2 * kBeginning);
        EXPECT_THAT(co_await client.say("other half\r\n."), StartsWith("250 2.0.0"));
        EXPECT_TRUE(f.spool.stored.at(0)->body.in_file);
        EXPECT_TRUE(f.spool.text(0).ends_with(half + "other half\r\n"));
    });
    EXPECT_EQ(fixture.memory.used(), 0U);
}

TEST_F(SessionMemory, OfAMessageThatTricklesInGoesToItsFileWhereOthersNeedIt)
{
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        co_await begin_data(client);
        co_await client.send("half\r\n");
        MessageMemory::Share others{f.memory};
        co_await crowd(f, others);
        for (int i = 0; i < 3; ++i) {
            f.loop.clock.shift += seconds{2};
            co_await client.send("x\r\n");
        }
        EXPECT_THAT(co_await client.say("."), StartsWith("250 2.0.0"));
        EXPECT_TRUE(f.spool.stored.at(0)->body.in_file);
    });
}

TEST_F(SessionMemory, OfAMessageBetweenItsChunksGoesToItsFileWhereOthersNeedIt)
{
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        co_await greet(client);
        (void)co_await client.say("RCPT TO:<b@example.org>");
        EXPECT_THAT(co_await client.say("BDAT 6\r\nhalf"), StartsWith("250"));
        MessageMemory::Share others{f.memory};
        co_await crowd(f, others);
        f.loop.clock.shift += seconds{6};
        co_await until_used(f, 2 * kBeginning);
        EXPECT_THAT(co_await client.say("BDAT 12 LAST\r\nother half"), StartsWith("250 2.0.0"));
        EXPECT_TRUE(f.spool.stored.at(0)->body.in_file);
        EXPECT_TRUE(f.spool.text(0).ends_with("half\r\nother half\r\n"));
    });
}

TEST_F(SessionMemory, IsNotGivenUpWhileNobodyNeedsIt)
{
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        co_await begin_data(client);
        co_await client.send("half\r\n");
        co_await until_used(f, kBeginning);
        f.loop.clock.shift += seconds{6};
        EXPECT_THAT(co_await client.say("other half\r\n."), StartsWith("250 2.0.0"));
        EXPECT_FALSE(f.spool.stored.at(0)->body.in_file);
    });
}

// 400 octets each, most of them in a parameter.
net::Task<std::string> add_recipients(TestClient& client, int count)
{
    const std::string parameter = " ORCPT=rfc822;" + std::string(350, 'o') + "@example.org";
    std::string reply;
    for (int i = 0; i < count; ++i) {
        reply = co_await client.say("RCPT TO:<r" + std::to_string(i) + "@example.org>" + parameter);
        if (!reply.starts_with("250")) break;
    }
    co_return reply;
}

TEST_F(SessionMemory, CoversRecipientsAndTheirParameters)
{
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        co_await greet(client);
        EXPECT_THAT(co_await add_recipients(client, 5), StartsWith("250"));
        EXPECT_EQ(f.memory.used(), 0U) << "every session has some";
        EXPECT_THAT(co_await add_recipients(client, 400), HasSubstr("452 4.3.1 too much mail"));
        EXPECT_EQ(f.memory.used(), kLimit);
        EXPECT_THAT(co_await client.say("RSET"), StartsWith("250"));
        EXPECT_EQ(f.memory.used(), 0U);
    });
}

TEST_F(SessionMemory, OfRecipientsIsNotHeldInSilence)
{
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        co_await greet(client);
        EXPECT_THAT(co_await add_recipients(client, 30), StartsWith("250"));
        const auto held = f.memory.used();
        EXPECT_GT(held, 0U);
        MessageMemory::Share others{f.memory};
        EXPECT_TRUE(others.cover(kLimit - held));
        f.loop.clock.shift += seconds{6};
        expect_refused(co_await client.reply(), refusal::kPressureSlowSession,
                       "pressure.slow-session");
    });
}

TEST_F(SessionMemory, OfRecipientsIsNotHeldInSilenceInTheMessageEither)
{
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        co_await greet(client);
        (void)co_await add_recipients(client, 30);
        EXPECT_THAT(co_await client.say("DATA"), StartsWith("354"));
        const auto held = f.memory.used();
        co_await client.send("half\r\n");
        co_await until_used(f, held + kBeginning);
        MessageMemory::Share others{f.memory};
        EXPECT_TRUE(others.cover(kLimit - f.memory.used()));
        f.loop.clock.shift += seconds{6};
        expect_refused(co_await client.reply(), refusal::kPressureSlowSession,
                       "pressure.slow-session");
    });
}

}  // namespace
}  // namespace hermetic::inbound
