// A delivery service whose partners have TLSA records. For tests only.
#pragma once

#include "delivery/service_fixture.h"
#include "facts/reasons.h"
#include "tls/tlsa_fixture.h"

#include <string>
#include <utility>
#include <vector>

namespace hermetic::delivery {

class DaneTest : public DeliveryTest {
protected:
    using Leaf = tls::PkiFixture::Leaf;

    DaneTest() { settings.cas = *tls::load_cas(pki.root_file()); }

    // A server with the leaf's chain. `leaf.name` names its files.
    PeerScript with_certificate(Leaf leaf, tls::ServerProfile profile = {})
    {
        if (leaf.dns_names.empty()) leaf.dns_names = {"mx.other.test"};
        profile.certificates = {pki.make(leaf)};
        PeerScript script;
        script.tls = *tls::make_server_context(profile);
        return script;
    }
    // The record of a leaf's chain: 0 is the leaf, 1 its CA.
    facts::TlsaRecord record(tls::TlsaKind kind, const std::string& leaf = "leaf")
    {
        return tls::make_tlsa(kind, pki.read(leaf + ".pem"), kind.usage == 2 ? 1 : 0);
    }

    // other.test by MX, all of it proved; the host's records, where there are any.
    ScriptedPeer& secure_peer(PeerScript script, std::vector<facts::TlsaRecord> records)
    {
        auto& peer = peer_for("other.test", std::move(script));
        resolver.mxs["other.test"].security = facts::DnsSecurity::Secure;
        resolver.mxs["other.test"].canonical_name = "other.test";
        prove("mx.other.test");
        if (!records.empty()) publish("mx.other.test", std::move(records));
        return peer;
    }
    // One more host of other.test.
    ScriptedPeer& second_peer(PeerScript script, std::vector<facts::TlsaRecord> records)
    {
        const auto port = peers.at(0)->port();
        peers.push_back(
            std::make_unique<ScriptedPeer>(fixture.core, std::move(script), "127.0.0.2", port));
        resolver.add_mx("other.test", 20, "mx2.other.test");
        resolver.hosts["mx2.other.test"] = {*IpAddress::parse("127.0.0.2")};
        prove("mx2.other.test");
        if (!records.empty()) publish("mx2.other.test", std::move(records));
        return *peers.back();
    }
    void prove(const std::string& host, const std::string& canonical_name = {})
    {
        auto& proved = resolver.address_facts[host];
        proved.security = facts::DnsSecurity::Secure;
        proved.canonical_name = canonical_name.empty() ? host : canonical_name;
    }
    std::string tlsa_name(const std::string& base)
    {
        return "_" + std::to_string(settings.options.port) + "._tcp." + base;
    }
    facts::TlsaAnswer& publish(const std::string& base, std::vector<facts::TlsaRecord> records)
    {
        auto& answer = resolver.tlsas[tlsa_name(base)];
        answer.status = facts::DnsStatus::Found;
        answer.security = facts::DnsSecurity::Secure;
        answer.records = std::move(records);
        return answer;
    }
    void fail_lookup(const std::string& base, facts::DnsSecurity security, const std::string& why)
    {
        auto& answer = resolver.tlsas[tlsa_name(base)];
        answer = {};
        answer.status = facts::DnsStatus::Failed;
        answer.security = security;
        answer.why = why;
    }
    void connect_by(objects::TlsSettings tls)
    {
        objects::OutboundConnector connector;
        connector.name = "bank";
        connector.recipient_domains = {*objects::DomainPattern::parse("other.test")};
        connector.tls = std::move(tls);
        contents.outbound_connectors.push_back(std::move(connector));
    }

    // No message, and not even its envelope, came in clear.
    static void expect_nothing_in_clear(const ScriptedPeer& peer)
    {
        for (const bool in_tls : peer.in_tls) EXPECT_TRUE(in_tls);
        bool tls = false;
        for (const std::string& command : peer.commands) {
            if (command == "STARTTLS") tls = true;
            if (command.starts_with("EHLO") && !tls) continue;
            EXPECT_TRUE(tls || command == "QUIT") << command;
        }
    }
    void expect_waits(facts::Reason reason, std::string_view code)
    {
        EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U);
        EXPECT_EQ(outcome().reason, reason);
        EXPECT_EQ(outcome().enhanced.format(), code);
        EXPECT_EQ(outcome().origin, facts::Origin::Local);
        EXPECT_FALSE(facts::suggest_fix(outcome()).empty())
            << "an administrator must know what to do";
        for (const auto& peer : peers) {
            EXPECT_TRUE(peer->messages.empty());
            for (const auto& command : peer->commands) EXPECT_FALSE(command.starts_with("MAIL"));
        }
    }
    void expect_delivered(ScriptedPeer& peer, facts::Reason reason, std::string_view level)
    {
        EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U) << outcome().reason;
        EXPECT_EQ(log.attempts.back().policy_reasons.back(), reason);
        EXPECT_EQ(log.attempts.back().policy, level);
        ASSERT_FALSE(peer.in_tls.empty());
        EXPECT_TRUE(peer.in_tls.back());
        expect_nothing_in_clear(peer);
    }

    tls::PkiFixture pki;
};

}  // namespace hermetic::delivery
