#include "outbound/io_outcome.h"

#include "facts/reasons.h"
#include "net/stream.h"
#include "outbound/host_memory.h"
#include "outbound/hosts.h"
#include "policy/next_hop_facts.h"

#include <gtest/gtest.h>

#include <vector>

namespace hermetic::outbound {
namespace {

using facts::Outcome;
using facts::OutcomeClass;
using facts::Stage;
using Kind = net::StreamError::Kind;
using facts::Reason;
using std::chrono::minutes;

TEST(IoOutcome, ConnectionsThatAreNotMade)
{
    const auto of = [](Kind kind) {
        const auto outcome = connect_outcome(net::StreamError{kind, 0, {}}, "192.0.2.1:25");
        EXPECT_EQ(outcome.origin, facts::Origin::Local);
        EXPECT_EQ(outcome.result, OutcomeClass::Deferred);
        EXPECT_EQ(outcome.stage, Stage::Connect);
        return outcome.enhanced.format() + " " + std::string{facts::name(outcome.reason)};
    };
    EXPECT_EQ(of(Kind::Refused), "4.4.316 connect.refused");
    EXPECT_EQ(of(Kind::TimedOut), "4.4.315 connect.timed-out");
    EXPECT_EQ(of(Kind::Unreachable), "4.4.317 connect.unreachable");
    EXPECT_EQ(of(Kind::Local), "4.3.0 connect.local-error");
    EXPECT_EQ(of(Kind::Cancelled), "4.3.2 delivery.stopping");
}

TEST(IoOutcome, ConnectionsThatEnd)
{
    const auto of = [](Kind kind) {
        const auto outcome = stream_outcome(Stage::Rcpt, net::StreamError{kind, 0, {}});
        EXPECT_EQ(outcome.stage, Stage::Rcpt);
        EXPECT_EQ(outcome.code, 450);
        return outcome.enhanced.format() + " " + std::string{facts::name(outcome.reason)};
    };
    EXPECT_EQ(of(Kind::Closed), "4.4.318 connection.closed");
    EXPECT_EQ(of(Kind::Reset), "4.4.318 connection.closed");
    EXPECT_EQ(of(Kind::TimedOut), "4.4.315 connection.timed-out");
    EXPECT_EQ(of(Kind::LineTooLong), "4.4.317 reply.malformed");
    EXPECT_EQ(of(Kind::TlsAlert), "4.4.317 connection.tls-broken");
    EXPECT_EQ(malformed_outcome(Stage::Mail, smtp::ReplyError::BadCode).reason,
              Reason::ReplyMalformed);
}

TEST(IoOutcome, HandshakesThatFail)
{
    using Failure = facts::TlsFailure::Kind;
    const auto of = [](Failure kind) {
        facts::TlsFailure failure;
        failure.kind = kind;
        return policy::handshake_reason(failure);
    };
    EXPECT_EQ(of(Failure::Alert), Reason::HandshakeAlert);
    EXPECT_EQ(of(Failure::Protocol), Reason::HandshakeNotTls);
    EXPECT_EQ(of(Failure::Closed), Reason::HandshakeClosed);
    EXPECT_EQ(of(Failure::TimedOut), Reason::HandshakeTimedOut);
    EXPECT_EQ(of(Failure::Local), Reason::HandshakeRefusedByUs);
}

Outcome made(OutcomeClass result, Stage stage)
{
    Outcome outcome;
    outcome.result = result;
    outcome.stage = stage;
    return outcome;
}

TEST(IoOutcome, SuggestsAFixWhereOneIsKnown)
{
    auto outcome = made(OutcomeClass::Deferred, Stage::Connect);
    outcome.reason = Reason::ConnectRefused;
    EXPECT_FALSE(facts::suggest_fix(outcome).empty());
    auto remote = made(OutcomeClass::Failed, Stage::Rcpt);
    remote.origin = facts::Origin::Remote;
    remote.reason = Reason::RcptRefused;
    remote.enhanced = {5, 2, 2};
    EXPECT_NE(facts::suggest_fix(remote).find("full"), std::string_view::npos);
    auto fine = made(OutcomeClass::Delivered, Stage::Done);
    EXPECT_TRUE(facts::suggest_fix(fine).empty());
}

TEST(DeadHosts, AreForgottenInTimeAndBounded)
{
    DeadHosts dead{2};
    const Instant now{minutes{100}};
    dead.mark("a", now + minutes{5}, now);
    EXPECT_TRUE(dead.is_dead("a", now));
    EXPECT_FALSE(dead.is_dead("a", now + minutes{5}));
    EXPECT_FALSE(dead.is_dead("b", now));
    dead.mark("b", now + minutes{9}, now);
    dead.mark("c", now + minutes{9}, now + minutes{6});
    EXPECT_EQ(dead.size(), 2U);
    EXPECT_TRUE(dead.is_dead("b", now + minutes{6})) << "what is over goes first";
    dead.forget("b");
    EXPECT_FALSE(dead.is_dead("b", now));
}

TEST(Hosts, AddressesOfBothFamiliesAreTriedByTurns)
{
    const auto ip = [](std::string_view text) { return *IpAddress::parse(text); };
    EXPECT_EQ(interleave({ip("192.0.2.1"), ip("192.0.2.2"), ip("2001:db8::1"), ip("192.0.2.3")}),
              (std::vector{ip("2001:db8::1"), ip("192.0.2.1"), ip("192.0.2.2"), ip("192.0.2.3")}));
    EXPECT_EQ(interleave(std::vector<IpAddress>(50, ip("192.0.2.1"))).size(), 50U)
        << "how many are tried is policy/attempt_limits.h's";
}

}  // namespace
}  // namespace hermetic::outbound
