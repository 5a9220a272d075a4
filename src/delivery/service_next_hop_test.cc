// Next hops of accepted domains: over the network only in TLS, to local ones as it comes.
#include "delivery/service_fixture.h"
#include "facts/reasons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::delivery {
namespace {

using facts::OutcomeClass;
using facts::Reason;
using testing::Contains;
using testing::ElementsAre;

class NextHop : public DeliveryTest {
protected:
    // `store.other.test` has the mailboxes of other.test; DNS says where it is.
    ScriptedPeer& store(PeerScript script, objects::HostProtocol protocol)
    {
        script.lmtp = protocol == objects::HostProtocol::Lmtp;
        peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, std::move(script)));
        resolver.hosts["store.other.test"] = {*IpAddress::parse("127.0.0.1")};
        host.host = "store.other.test";
        host.port = peers.back()->port();
        host.protocol = protocol;
        return *peers.back();
    }
    void begin_with(objects::TlsSettings tls = {})
    {
        objects::AcceptedDomain domain;
        domain.name = *objects::DomainPattern::parse("other.test");
        domain.next_hop = {false, {host}};
        domain.tls = std::move(tls);
        contents.accepted_domains.push_back(std::move(domain));
    }
    std::shared_ptr<const tls::ServerContext> server_context()
    {
        tls::ServerProfile profile;
        profile.certificates = {pki.make("whoever.test")};
        return *tls::make_server_context(profile);
    }
    tls::PkiFixture pki;
    objects::NextHopHost host;
};

TEST_F(NextHop, OverTheNetworkGetsNothingInClear)
{
    for (const auto protocol : {objects::HostProtocol::Lmtp, objects::HostProtocol::Smtp}) {
        auto& peer = store({}, protocol);
        contents.accepted_domains.resize(1);
        begin_with();
        EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 0U);
        EXPECT_TRUE(peer.messages.empty());
        EXPECT_EQ(outcome().result, OutcomeClass::Deferred);
        EXPECT_EQ(outcome().reason, Reason::StarttlsNotOffered);
        EXPECT_THAT(log.attempts.back().policy_reasons, Contains(Reason::TlsNextHopLevel));
        finish();
        peers.clear();
    }
}

TEST_F(NextHop, OverTheNetworkIsSpokenToInTls)
{
    for (const auto protocol : {objects::HostProtocol::Lmtp, objects::HostProtocol::Smtp}) {
        PeerScript script;
        script.tls = server_context();
        auto& peer = store(script, protocol);
        contents.accepted_domains.resize(1);
        begin_with();
        EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
        EXPECT_THAT(peer.in_tls, ElementsAre(true));
        finish();
        peers.clear();
    }
}

TEST_F(NextHop, HasALevelOfItsOwn)
{
    PeerScript script;
    script.tls = server_context();  // its certificate is another host's
    auto& peer = store(script, objects::HostProtocol::Lmtp);
    settings.cas = *tls::load_cas(pki.root_file());
    objects::TlsSettings tls;
    tls.level = objects::TlsLevel::VerifyName;
    begin_with(tls);
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 0U);
    EXPECT_TRUE(peer.messages.empty());
    EXPECT_EQ(outcome().reason, Reason::TlsNameMismatch);
}

TEST_F(NextHop, OnThisMachineMeetsWhatTheOrganizationAsksForInClear)
{
    for (const bool by_name : {false, true}) {
        auto& peer = store({}, objects::HostProtocol::Lmtp);
        if (by_name) {
            host.host = "localhost";  // nobody asks DNS for it
        } else {
            host = host_of(peer);
            host.protocol = objects::HostProtocol::Lmtp;
        }
        contents.organizations[0].tls = objects::TlsLevel::VerifyName;
        contents.accepted_domains.resize(1);
        begin_with();
        EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U) << host.format();
        EXPECT_THAT(peer.in_tls, ElementsAre(false));
        EXPECT_THAT(log.attempts.back().policy_reasons, Contains(Reason::TlsLocalHop));
        finish();
        peers.clear();
    }
}

TEST_F(NextHop, AnAddressLiteralHasNoNameThatCouldBeAskedFor)
{
    PeerScript script;
    script.tls = server_context();
    peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, script));
    settings.options.port = peers[0]->port();
    settings.cas = *tls::load_cas(pki.root_file());
    contents.organizations[0].tls = objects::TlsLevel::VerifyName;
    deliver(make_message({"b@[127.0.0.1]"}));
    EXPECT_EQ(peers[0]->connections, 0);
    EXPECT_EQ(outcome().result, OutcomeClass::Failed);
    EXPECT_EQ(outcome().reason, Reason::TlsLiteralWithoutName);
    EXPECT_EQ(outcome().enhanced, (facts::EnhancedStatus{5, 7, 1}));
}

TEST_F(NextHop, AnAddressLiteralMayProveItselfByTheConnectorsNames)
{
    PeerScript script;
    script.tls = server_context();
    peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, script));
    settings.options.port = peers[0]->port();
    settings.cas = *tls::load_cas(pki.root_file());
    objects::OutboundConnector connector;
    connector.name = "everything";
    connector.recipient_domains = {objects::DomainPattern{}};
    connector.tls.level = objects::TlsLevel::VerifyName;
    connector.tls.names = {*objects::TlsName::parse("whoever.test")};
    contents.outbound_connectors.push_back(connector);
    EXPECT_EQ(deliver(make_message({"b@[127.0.0.1]"})).delivered, 1U);
    EXPECT_THAT(peers[0]->in_tls, ElementsAre(true));
}

// A smart host with TLS from the first octet.
class ImplicitTls : public NextHop {
protected:
    ScriptedPeer& smart_host(PeerScript script)
    {
        auto& peer = store(std::move(script), objects::HostProtocol::Smtps);
        next_hop_for("other.test", {host});
        return peer;
    }
};

TEST_F(ImplicitTls, IsSpokenFromTheFirstOctet)
{
    PeerScript script;
    script.tls = server_context();
    script.implicit_tls = true;
    auto& peer = smart_host(script);
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
    EXPECT_THAT(peer.in_tls, ElementsAre(true));
    EXPECT_EQ(peer.commands.at(0), "EHLO us.test") << "no STARTTLS";
    ASSERT_TRUE(log.attempts.back().tls);
    EXPECT_EQ(log.attempts.back().tls->sni, "store.other.test");
    EXPECT_EQ(deliver(make_message({"c@other.test"})).delivered, 1U);
    EXPECT_EQ(peer.connections, 1) << "and is reused";
}

TEST_F(ImplicitTls, NeverBecomesClearText)
{
    auto& peer = smart_host({});  // it speaks first, in clear
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 0U);
    EXPECT_TRUE(peer.messages.empty());
    EXPECT_EQ(outcome().result, OutcomeClass::Deferred);
}

TEST_F(ImplicitTls, AsksAnAddressForItsOneName)
{
    PeerScript script;
    script.tls = server_context();
    script.implicit_tls = true;
    auto& peer = store(script, objects::HostProtocol::Smtps);
    host.host.clear();
    host.address = IpAddress::parse("127.0.0.1");
    next_hop_for("other.test", {host});
    settings.cas = *tls::load_cas(pki.root_file());
    contents.outbound_connectors.back().tls.level = objects::TlsLevel::VerifyName;
    contents.outbound_connectors.back().tls.names = {*objects::TlsName::parse("whoever.test")};
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
    EXPECT_THAT(peer.in_tls, ElementsAre(true));
    ASSERT_TRUE(log.attempts.back().tls);
    EXPECT_EQ(log.attempts.back().tls->sni, "whoever.test");
}

}  // namespace
}  // namespace hermetic::delivery
