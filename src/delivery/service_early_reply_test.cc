// Replies that come before what they would answer was sent.
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

}  // namespace
}  // namespace hermetic::delivery
