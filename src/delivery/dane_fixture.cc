#include "delivery/dane_fixture.h"

namespace hermetic::delivery {

DaneTest::DaneTest()
{
    settings.cas = *tls::load_cas(pki.root_file());
}

DaneTest::~DaneTest() = default;

PeerScript DaneTest::with_certificate(Leaf leaf, tls::ServerProfile profile)
{
    if (leaf.dns_names.empty()) leaf.dns_names = {"mx.other.test"};
    profile.certificates = {pki.make(leaf)};
    PeerScript script;
    script.tls = *tls::make_server_context(profile);
    return script;
}

facts::TlsaRecord DaneTest::record(tls::TlsaKind kind, const std::string& leaf)
{
    return tls::make_tlsa(kind, pki.read(leaf + ".pem"), kind.usage == 2 ? 1 : 0);
}

ScriptedPeer& DaneTest::secure_peer(PeerScript script, std::vector<facts::TlsaRecord> records)
{
    auto& peer = peer_for("other.test", std::move(script));
    resolver.mxs["other.test"].security = facts::DnsSecurity::Secure;
    resolver.mxs["other.test"].canonical_name = "other.test";
    prove("mx.other.test");
    if (!records.empty()) publish("mx.other.test", std::move(records));
    return peer;
}

ScriptedPeer& DaneTest::second_peer(PeerScript script, std::vector<facts::TlsaRecord> records)
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

void DaneTest::prove(const std::string& host, const std::string& canonical_name)
{
    auto& proved = resolver.address_facts[host];
    proved.security = facts::DnsSecurity::Secure;
    proved.canonical_name = canonical_name.empty() ? host : canonical_name;
}

std::string DaneTest::tlsa_name(const std::string& base)
{
    return "_" + std::to_string(settings.options.port) + "._tcp." + base;
}

facts::TlsaAnswer& DaneTest::publish(const std::string& base,
                                     std::vector<facts::TlsaRecord> records)
{
    auto& answer = resolver.tlsas[tlsa_name(base)];
    answer.status = facts::DnsStatus::Found;
    answer.security = facts::DnsSecurity::Secure;
    answer.records = std::move(records);
    return answer;
}

void DaneTest::fail_lookup(const std::string& base, facts::DnsSecurity security,
                           const std::string& why)
{
    auto& answer = resolver.tlsas[tlsa_name(base)];
    answer = {};
    answer.status = facts::DnsStatus::Failed;
    answer.security = security;
    answer.why = why;
}

void DaneTest::connect_by(objects::TlsSettings tls)
{
    objects::OutboundConnector connector;
    connector.name = "bank";
    connector.recipient_domains = {*objects::DomainPattern::parse("other.test")};
    connector.tls = std::move(tls);
    contents.outbound_connectors.push_back(std::move(connector));
}

void DaneTest::expect_nothing_in_clear(const ScriptedPeer& peer)
{
    for (const bool in_tls : peer.in_tls) EXPECT_TRUE(in_tls);
    bool tls = false;
    for (const std::string& command : peer.commands) {
        if (command == "STARTTLS") tls = true;
        if (command.starts_with("EHLO") && !tls) continue;
        EXPECT_TRUE(tls || command == "QUIT") << command;
    }
}

void DaneTest::expect_waits(facts::Reason reason, std::string_view code)
{
    EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U);
    EXPECT_EQ(outcome().reason, reason);
    EXPECT_EQ(outcome().enhanced.format(), code);
    EXPECT_EQ(outcome().origin, facts::Origin::Local);
    EXPECT_FALSE(facts::suggest_fix(outcome()).empty()) << "an administrator must know what to do";
    for (const auto& peer : peers) {
        EXPECT_TRUE(peer->messages.empty());
        for (const auto& command : peer->commands) EXPECT_FALSE(command.starts_with("MAIL"));
    }
}

void DaneTest::expect_delivered(ScriptedPeer& peer, facts::Reason reason, std::string_view level)
{
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U) << outcome().reason;
    EXPECT_EQ(log.attempts.back().policy_reasons.back(), reason);
    EXPECT_EQ(log.attempts.back().policy, level);
    ASSERT_FALSE(peer.in_tls.empty());
    EXPECT_TRUE(peer.in_tls.back());
    expect_nothing_in_clear(peer);
}

}  // namespace hermetic::delivery
