#include "inbound/connector_fixture.h"

#include <gtest/gtest.h>

#include <utility>

namespace hermetic::inbound {

Authorities::Authorities() = default;

Authorities::~Authorities() = default;

Authorities& Authorities::shared()
{
    static Authorities authorities;
    return authorities;
}

tls::PkiFixture& Authorities::of(const std::string& owner)
{
    return by_owner_[owner];
}

std::shared_ptr<const tls::Certificate> Authorities::certificate(const std::string& owner,
                                                                 const std::string& dns_name)
{
    auto& made = certificates_[owner + " " + dns_name];
    if (!made) made = of(owner).make(dns_name);
    return made;
}

ConnectorFixture::ConnectorFixture()
{
    options.tls = config::ListenerTls::StartTls;
    options.client_certificates = config::ClientCertificates::Request;
    contents = policy::two_organizations();
    for (auto& each : contents.organizations) {
        each.inbound_min_tls = facts::TlsVersion::Tls13;
        each.own_domains_need_evidence = each.name == "a";
    }
    for (const std::string name : {"x", "y", "z"}) add_partner(name, "a");
    contents.inbound_connectors.back().mode = objects::ConnectorMode::Audit;
    add_partner("w", "b");
    for (const std::string name : {"a", "b"}) {
        auto gateway = policy::make_connector({name + "-gateway",
                                               name,
                                               objects::ConnectorKind::OnPremises,
                                               {},
                                               {},
                                               {"gw." + name + ".example"},
                                               ca_of(name)});
        gateway.may_relay = gateway.treat_as_internal = true;
        contents.inbound_connectors.push_back(gateway);
    }
    take_contents();
}

ConnectorFixture::~ConnectorFixture() = default;

void ConnectorFixture::take_contents()
{
    snapshot = std::make_shared<const objects::Snapshot>(contents);
    auto made = std::make_shared<ClientTrust>();
    for (const auto& each : contents.inbound_connectors) {
        if (!each.certificate_names.empty()) made->cas[each.ca] = *tls::load_cas(each.ca);
    }
    trust = std::move(made);
}

void ConnectorFixture::set_versions(facts::TlsVersion min, facts::TlsVersion max)
{
    tls::ServerProfile profile;
    profile.min = min;
    profile.max = max;
    profile.client_certificates = tls::ClientCertificates::Request;
    profile.certificates = {Authorities::shared().certificate("server", "mx.a.example")};
    tls = *tls::make_server_context(profile);
}

std::string ConnectorFixture::ca_of(const std::string& owner)
{
    return Authorities::shared().of(owner).root_file();
}

net::Task<> ConnectorFixture::greet(TestClient& client, facts::TlsVersion version,
                                    ShownCertificate shown)
{
    (void)co_await client.say("EHLO client.example");
    if (version == facts::TlsVersion::None) co_return;
    (void)co_await client.say("STARTTLS");
    tls::ClientProfile profile;
    profile.min = profile.max = version;
    if (!shown.owner.empty()) {
        profile.client_certificate = Authorities::shared().certificate(shown.owner, shown.name);
    }
    tls::ClientHandshake handshake;
    handshake.context = *tls::make_client_context(profile);
    const auto evidence = co_await client.stream().start_tls(std::move(handshake));
    EXPECT_TRUE(evidence);
    (void)co_await client.say("EHLO client.example");
}

void ConnectorFixture::add_partner(const std::string& name, const std::string& organization)
{
    auto partner = policy::make_connector({"partner-" + name,
                                           organization,
                                           objects::ConnectorKind::Partner,
                                           {name + ".example"},
                                           {},
                                           {"mx." + name + ".example"},
                                           ca_of(name)});
    partner.require_certificate = true;
    contents.inbound_connectors.push_back(partner);
}

}  // namespace hermetic::inbound
