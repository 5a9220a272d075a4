// Replies that belong to nothing: before what they would answer was sent, or one too many.
#include "delivery/service_fixture.h"
#include "facts/reasons.h"

#include <gtest/gtest.h>

namespace hermetic::delivery {
namespace {

using facts::Reason;

// A reply that is there before the message was sent says nothing of the message.
TEST_F(DeliveryTest, AReplyThatComesWithTheGoAheadIsNotTheMessages)
{
    PeerScript script;
    script.extensions = {"PIPELINING"};
    script.replies["DATA"] = "354 go\r\n250 2.0.0 early";
    for (const std::size_t size : {std::size_t{10}, std::size_t{1} << 20}) {
        peer_for("other.test", script);
        std::string body = "Subject: x\r\n\r\n";
        while (body.size() < size) body += std::string(78, 'x') + "\r\n";
        EXPECT_EQ(deliver(make_message({"b@other.test"}, body)).deferred, 1U);
        EXPECT_EQ(outcome().reason, Reason::ReplyUnexpected);
        EXPECT_EQ(outcome().stage, facts::Stage::Data);
        EXPECT_EQ(outcome().origin, facts::Origin::Local);
        finish();
        peers.clear();
        resolver.mxs.clear();
    }
}

TEST_F(DeliveryTest, LmtpRepliesThatComeWithTheGoAheadAreNotTheMessages)
{
    PeerScript script;
    script.lmtp = true;
    script.replies["DATA"] = "354 go\r\n250 2.0.0 early\r\n250 2.0.0 early";
    peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, script));
    auto host = host_of(*peers[0]);
    host.protocol = objects::HostProtocol::Lmtp;
    next_hop_for("other.test", {host});
    EXPECT_EQ(deliver(make_message({"b@other.test", "c@other.test"})).deferred, 1U);
    EXPECT_EQ(outcome(0).reason, Reason::ReplyUnexpected);
    EXPECT_EQ(outcome(1).reason, Reason::ReplyUnexpected);
}

// Before BDAT of a message that does not go along with its envelope.
TEST_F(DeliveryTest, AReplyThatComesBeforeBdatIsNotTheMessages)
{
    PeerScript script;
    script.extensions = {"CHUNKING"};
    script.replies["RCPT"] = "250 ok\r\n250 2.0.0 early";
    peer_for("other.test", script);
    EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::ReplyUnexpected);
}

// The second reply to RCPT would be the message's, which the peer has refused.
TEST_F(DeliveryTest, ADoubledReplyToRcptDeliversNothing)
{
    PeerScript script;
    script.extensions.emplace_back("CHUNKING");
    script.replies["RCPT"] = "250 ok\r\n250 ok";
    script.replies["BDAT"] = "550 5.7.1 not this one";
    auto& peer = peer_for("other.test", script);
    EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::ReplyUnexpected);
    EXPECT_EQ(outcome().stage, facts::Stage::EndOfData);
    EXPECT_EQ(outcome().origin, facts::Origin::Local);
    EXPECT_TRUE(peer.messages.empty());
    deliver(make_message({"c@other.test"}));
    EXPECT_EQ(peer.connections, 2) << "the connection is not used again";
}

// RFC 5321 §3.8: a farewell answers nothing, and takes nothing back.
TEST_F(DeliveryTest, AFarewellBehindTheLastReplyIsNoSurplus)
{
    for (const bool chunking : {false, true}) {
        PeerScript script;
        if (chunking) script.extensions.emplace_back("CHUNKING");
        script.replies["."] = "250 2.0.0 taken\r\n421 4.4.2 bye";
        auto& peer = peer_for("other.test", script);
        EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
        EXPECT_EQ(peer.messages.size(), 1U);
        finish();
        peers.clear();
        resolver.mxs.clear();
    }
}

TEST_F(DeliveryTest, AMessageThatIsAnsweredTwiceAlikeIsDeliveredOnce)
{
    PeerScript script;
    script.replies["."] = "250 2.0.0 taken\r\n250 2.0.0 taken";
    peer_for("other.test", script);
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
    finish();
    peers.clear();
    resolver.mxs.clear();
    script.replies["."] = "250 2.0.0 taken\r\n550 5.7.1 no";
    peer_for("other.test", script);
    EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::ReplyUnexpected);
}

}  // namespace
}  // namespace hermetic::delivery
