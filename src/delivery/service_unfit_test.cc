// Hosts that do not offer what a message needs, or leave it to another one: nothing is returned
// while one may take it (RFC 5321 §5.1, RFC 1870, RFC 6531).
#include "delivery/service_fixture.h"
#include "facts/reasons.h"
#include "policy/attempt_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hermetic::delivery {
namespace {

using facts::OutcomeClass;
using facts::Reason;
using testing::SizeIs;

class UnfitTest : public DeliveryTest {
protected:
    static PeerScript with(std::vector<std::string> extensions)
    {
        PeerScript script;
        script.extensions = std::move(extensions);
        return script;
    }
    // Less than any message has.
    static PeerScript small() { return with({"PIPELINING", "SIZE 10"}); }

    // One more host of other.test, at the same port; without a script nobody is there.
    void add_host(const std::string& address, std::optional<PeerScript> script)
    {
        const auto number = peers.size() + 1;
        const auto name = "mx" + std::to_string(number) + ".other.test";
        resolver.add_mx("other.test", static_cast<std::uint16_t>(10 * number), name);
        resolver.hosts[name] = {*IpAddress::parse(address)};
        if (!script) return;
        peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, *std::move(script), address,
                                                       peers.at(0)->port()));
    }
    // mx101.other.test and so on, all at this address.
    void add_many_hosts(std::size_t count, const std::string& address)
    {
        for (std::size_t i = 1; i <= count; ++i) {
            const auto name = "mx" + std::to_string(100 + i) + ".other.test";
            resolver.add_mx("other.test", static_cast<std::uint16_t>(100 + i), name);
            resolver.hosts[name] = {*IpAddress::parse(address)};
        }
    }
    // One more address of mx.other.test.
    void add_address(const std::string& address, PeerScript script)
    {
        resolver.hosts["mx.other.test"].push_back(*IpAddress::parse(address));
        peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, std::move(script), address,
                                                       peers.at(0)->port()));
    }
    dispatch::GrantReport attempt() { return deliver(make_message({"b@other.test"})); }
    static void expect_no_mail(const ScriptedPeer& peer)
    {
        for (const auto& command : peer.commands) EXPECT_FALSE(command.starts_with("MAIL"));
    }
};

TEST_F(UnfitTest, AnotherHostTakesWhatIsTooLargeForTheFirst)
{
    peer_for("other.test", small());
    add_host("127.0.0.2", PeerScript{});
    EXPECT_EQ(attempt().delivered, 1U);
    expect_no_mail(*peers[0]);
    EXPECT_THAT(peers[1]->messages, SizeIs(1));
    EXPECT_THAT(spool.changes, SizeIs(1));
    EXPECT_THAT(log.attempts, SizeIs(1));
}

// Nothing was said to those who cannot take it: they are no attempts.
TEST_F(UnfitTest, HoweverManyCannotTakeIt)
{
    peer_for("other.test", small());
    for (const char* address : {"127.0.0.2", "127.0.0.3", "127.0.0.4"}) add_host(address, small());
    add_host("127.0.0.5", PeerScript{});
    EXPECT_EQ(attempt().delivered, 1U);
    EXPECT_THAT(peers[4]->messages, SizeIs(1));
}

TEST_F(UnfitTest, MailIsReturnedWhereNoHostCanTakeIt)
{
    peer_for("other.test", small());
    add_host("127.0.0.2", small());
    EXPECT_EQ(attempt().failed, 1U);
    EXPECT_EQ(outcome().reason, Reason::SizeExceedsPeer);
    EXPECT_EQ(outcome().enhanced.format(), "5.3.4");
    for (const auto& peer : peers) expect_no_mail(*peer);
}

TEST_F(UnfitTest, AlsoWhereTheOtherRefusesAllMail)
{
    peer_for("other.test", small());
    PeerScript refusing;
    refusing.greeting = "554 5.7.1 go away";
    add_host("127.0.0.2", refusing);
    EXPECT_EQ(attempt().failed, 1U);
    EXPECT_EQ(outcome().reason, Reason::SizeExceedsPeer);
}

TEST_F(UnfitTest, ItWaitsWhileAHostThatMayTakeItCannotBeReached)
{
    peer_for("other.test", small());
    add_host("127.0.0.2", std::nullopt);
    EXPECT_EQ(attempt().deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::SizeExceedsPeer);
    EXPECT_EQ(outcome().enhanced.format(), "4.3.4");
    EXPECT_EQ(outcome().result, OutcomeClass::Deferred);
    EXPECT_EQ(log.attempts.back().host, "mx.other.test") << "whose outcome it is";
    EXPECT_EQ(log.attempts.back().address->address.format(), "127.0.0.1");
}

TEST_F(UnfitTest, AnotherAddressOfTheHostTakesWhatIsTooLargeForTheFirst)
{
    peer_for("other.test", small());
    add_address("127.0.0.2", PeerScript{});
    EXPECT_EQ(attempt().delivered, 1U);
    expect_no_mail(*peers[0]);
    EXPECT_THAT(peers[1]->messages, SizeIs(1));
}

TEST_F(UnfitTest, WhatThatOneDefersIsNotReturned)
{
    peer_for("other.test", small());
    PeerScript grey;
    grey.replies["RCPT"] = "450 4.2.0 greylisted";
    add_address("127.0.0.2", grey);
    EXPECT_EQ(attempt().deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::RcptDeferred);
    EXPECT_EQ(log.attempts.back().address->address.format(), "127.0.0.2");
}

TEST_F(UnfitTest, MailIsReturnedWhereNoAddressCanTakeIt)
{
    peer_for("other.test", small());
    add_address("127.0.0.2", small());
    EXPECT_EQ(attempt().failed, 1U);
    EXPECT_EQ(outcome().enhanced.format(), "5.3.4");
    for (const auto& peer : peers) EXPECT_EQ(peer->connections, 1);
}

TEST_F(UnfitTest, ItWaitsForAddressesThatCouldNotBeLookedUp)
{
    peer_for("other.test", small());
    resolver.missing_families["mx.other.test"] = "AAAA: SERVFAIL";
    EXPECT_EQ(attempt().deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::SizeExceedsPeer);
    EXPECT_EQ(outcome().enhanced.format(), "4.3.4");
}

// However many there are, each has its turn.
TEST_F(UnfitTest, OfMoreHostsThanAnAttemptTriesTheOthersComeNext)
{
    peer_for("other.test", small());
    add_many_hosts(policy::kMaxHosts, "127.0.0.1");
    resolver.hosts["mx" + std::to_string(100 + policy::kMaxHosts) + ".other.test"] = {
        *IpAddress::parse("127.0.0.2")};
    peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, PeerScript{}, "127.0.0.2",
                                                   peers.at(0)->port()));
    EXPECT_EQ(attempt().deferred, 1U);
    EXPECT_EQ(peers[1]->connections, 0);
    EXPECT_EQ(attempt().delivered, 1U);
    EXPECT_THAT(peers[1]->messages, SizeIs(1));
}

// As where they are few, once each has had its turn.
TEST_F(UnfitTest, MailIsReturnedWhereAllOfMoreHostsThanAnAttemptTriesLackWhatItNeeds)
{
    peer_for("other.test", with({"PIPELINING", "SIZE 100"}));
    add_many_hosts(policy::kMaxHosts + 8, "127.0.0.1");
    const auto large = "Subject: x\r\n\r\n" + std::string(200, 'x') + "\r\n";
    EXPECT_EQ(deliver(make_message({"b@other.test"}, large)).deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::SizeExceedsPeer);
    EXPECT_EQ(outcome().enhanced.format(), "4.3.4") << "some were not asked";
    EXPECT_EQ(deliver(make_message({"b@other.test"}, large)).failed, 1U);
    EXPECT_EQ(outcome().reason, Reason::SizeExceedsPeer);
    EXPECT_EQ(outcome().enhanced.format(), "5.3.4");
    expect_no_mail(*peers[0]);
    EXPECT_EQ(attempt().delivered, 1U) << "a smaller message";
}

TEST_F(UnfitTest, ItWaitsWhereOneOfThemMayTakeItAnotherTime)
{
    peer_for("other.test", small());
    add_many_hosts(policy::kMaxHosts + 7, "127.0.0.1");
    resolver.add_mx("other.test", 500, "dead.other.test");
    resolver.hosts["dead.other.test"] = {*IpAddress::parse("127.0.0.2")};
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(attempt().deferred, 1U) << i;
        EXPECT_EQ(outcome().reason, Reason::SizeExceedsPeer);
    }
}

TEST_F(UnfitTest, EveryHostHasItsTurnWithinTheAttempt)
{
    const std::pair<const char*, const char*> rows[] = {{"MAIL", "421 4.3.2 bye"},
                                                        {"MAIL", "451 4.3.2 later"},
                                                        {"RCPT", "451 4.3.2 later"},
                                                        {"DATA", "451 4.3.2 later"}};
    for (const auto& [command, reply] : rows) {
        SCOPED_TRACE(std::string{command} + " " + reply);
        PeerScript busy = with({"PIPELINING"});
        busy.replies[command] = reply;
        peer_for("other.test", busy);
        for (const char* address : {"127.0.0.2", "127.0.0.3"}) add_host(address, busy);
        add_host("127.0.0.4", PeerScript{});
        EXPECT_EQ(attempt().delivered, 1U);
        for (const auto& peer : peers) EXPECT_EQ(peer->connections, 1);
        EXPECT_THAT(peers[3]->messages, SizeIs(1));
        finish();
        peers.clear();
        resolver.mxs.clear();
    }
}

TEST_F(UnfitTest, AlsoWhereThatOneCameFirst)
{
    peer_for("other.test", small());
    resolver.mxs["other.test"].records.clear();
    resolver.add_mx("other.test", 10, "dead.other.test");
    resolver.hosts["dead.other.test"] = {*IpAddress::parse("127.0.0.2")};
    resolver.add_mx("other.test", 20, "mx.other.test");
    EXPECT_EQ(attempt().deferred, 1U);
    EXPECT_EQ(outcome().enhanced.format(), "4.3.4");
}

TEST_F(UnfitTest, WhatTheOtherHostSaysOfItCounts)
{
    peer_for("other.test", small());
    PeerScript busy;
    busy.replies["MAIL"] = "451 4.3.2 later";
    add_host("127.0.0.2", busy);
    EXPECT_EQ(attempt().deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::MailDeferred);
}

// A host that deferred the mail, or was lost under it, may take it later: what the other one lacks
// returns nothing, whichever came first.
TEST_F(UnfitTest, WhatAnotherHostDeferredIsNotReturned)
{
    struct Row {
        const char* command;
        const char* reply;
        Reason reason;
    };
    const Row rows[] = {{"MAIL", "451 4.3.2 later", Reason::MailDeferred},
                        {"RCPT", "451 4.3.2 later", Reason::RcptDeferred},
                        {"MAIL", "421 4.3.2 bye", Reason::MailDeferred},
                        {"MAIL", "close", Reason::ConnectionClosed},
                        {"MAIL", "what?", Reason::ReplyMalformed}};
    for (const Row& row : rows) {
        for (const bool unfit_first : {false, true}) {
            SCOPED_TRACE(std::string{row.command} + " " + row.reply +
                         (unfit_first ? ", behind the unfit one" : ", before the unfit one"));
            PeerScript script;
            script.replies[row.command] = row.reply;
            peer_for("other.test", unfit_first ? small() : script);
            add_host("127.0.0.2", unfit_first ? script : small());
            EXPECT_EQ(attempt().deferred, 1U);
            EXPECT_EQ(outcome().reason, row.reason);
            EXPECT_EQ(outcome().result, OutcomeClass::Deferred);
            EXPECT_EQ(log.attempts.back().address->address.format(),
                      unfit_first ? "127.0.0.2" : "127.0.0.1")
                << "whose outcome it is";
            for (const auto& peer : peers) EXPECT_EQ(peer->connections, 1);
            finish();
            peers.clear();
            resolver.mxs.clear();
        }
    }
}

TEST_F(UnfitTest, NorWhoHadNoTurnWhereTheHostWasLost)
{
    PeerScript lost = with({"LIMITS RCPTMAX=1"});
    lost.replies["RCPT"] = "close";
    peer_for("other.test", lost);
    add_host("127.0.0.2", small());
    EXPECT_EQ(deliver(make_message({"b@other.test", "c@other.test"})).deferred, 1U);
    EXPECT_EQ(outcome(0).reason, Reason::ConnectionClosed);
    EXPECT_EQ(outcome(1).reason, Reason::ConnectionClosed);
    EXPECT_EQ(outcome(1).result, OutcomeClass::Deferred);
}

// What belongs to no command, or is no reply, took nothing.
TEST_F(UnfitTest, AnotherHostTakesWhatWasAnsweredByNoReply)
{
    const std::pair<const char*, const char*> rows[] = {{"MAIL", "what?"},
                                                        {"DATA", "354 go\r\n250 2.0.0 early"}};
    for (const auto& [command, reply] : rows) {
        SCOPED_TRACE(command);
        PeerScript script = with({"PIPELINING"});
        script.replies[command] = reply;
        peer_for("other.test", script);
        add_host("127.0.0.2", PeerScript{});
        EXPECT_EQ(attempt().delivered, 1U);
        EXPECT_THAT(peers[0]->messages, testing::IsEmpty());
        EXPECT_THAT(peers[1]->messages, SizeIs(1));
        finish();
        peers.clear();
        resolver.mxs.clear();
    }
}

TEST_F(UnfitTest, AnotherHostTakesWhatWasDeferredWhileItWasSent)
{
    // More than the kernel keeps for who does not read.
    std::string body = "Subject: x\r\n\r\n";
    while (body.size() < (std::size_t{16} << 20)) body += std::string(998, 'x') + "\r\n";
    PeerScript full = with({"PIPELINING"});
    full.early = "452 4.3.1 full";
    peer_for("other.test", full);
    EXPECT_EQ(deliver(make_message({"b@other.test"}, body)).deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::DataDeferred);
    add_host("127.0.0.2", with({"PIPELINING"}));
    EXPECT_EQ(deliver(make_message({"b@other.test"}, body)).delivered, 1U);
    EXPECT_THAT(peers[1]->messages, SizeIs(1));
}

// RFC 6531: only the recipient whose address needs it goes elsewhere.
TEST_F(UnfitTest, ARecipientThatNeedsSmtpUtf8GoesWhereItIsOffered)
{
    peer_for("other.test", with({"PIPELINING", "8BITMIME"}));
    add_host("127.0.0.2", with({"PIPELINING", "8BITMIME", "SMTPUTF8"}));
    auto message = make_message({"b@other.test", "j\xc3\xb6rg@other.test"});
    auto envelope = std::make_shared<mail::Envelope>(*message->envelope);
    envelope->smtputf8 = true;
    message->envelope = envelope;
    EXPECT_EQ(deliver(message).delivered, 1U);
    EXPECT_EQ(outcome(0).result, OutcomeClass::Delivered);
    EXPECT_EQ(outcome(1).result, OutcomeClass::Delivered);
    EXPECT_THAT(peers[0]->messages, SizeIs(1));
    EXPECT_THAT(peers[1]->messages, SizeIs(1));
    EXPECT_THAT(peers[1]->commands, testing::Contains("RCPT TO:<j\xc3\xb6rg@other.test>"));
}

TEST_F(UnfitTest, TheNextMessageBeginsWithTheFirstHostAgain)
{
    peer_for("other.test", with({"PIPELINING", "SIZE 100"}));
    add_host("127.0.0.2", PeerScript{});
    const auto large = make_message({"b@other.test"}, "Subject: x\r\n\r\n" + std::string(200, 'x'));
    const auto report =
        deliver(grant_for({make_message({"b@other.test"}), large, make_message({"c@other.test"})}));
    EXPECT_EQ(report.delivered, 3U);
    EXPECT_THAT(peers[0]->messages, SizeIs(2));
    EXPECT_THAT(peers[1]->messages, SizeIs(1));
}

}  // namespace
}  // namespace hermetic::delivery
