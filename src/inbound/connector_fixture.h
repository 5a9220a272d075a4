// Two organizations with connectors of every kind, CAs of their own, and clients with certificates.
// For tests only.
#pragma once

#include "inbound/session_fixture.h"
#include "policy/inbound_fixture.h"
#include "tls/pki_fixture.h"

#include <map>
#include <memory>
#include <string>

namespace hermetic::inbound {

// One CA for each organization and partner: only its own says who its servers are.
class Authorities {
public:
    Authorities();
    ~Authorities();
    Authorities(const Authorities&) = delete;
    Authorities& operator=(const Authorities&) = delete;

    static Authorities& shared();

    tls::PkiFixture& of(const std::string& owner);
    std::shared_ptr<const tls::Certificate> certificate(const std::string& owner,
                                                        const std::string& dns_name);

private:
    std::map<std::string, tls::PkiFixture> by_owner_;
    std::map<std::string, std::shared_ptr<const tls::Certificate>> certificates_;
};

struct ShownCertificate {
    std::string owner{};  // whose CA; empty: none is shown
    std::string name{};
};

// Organization a (a.example) with partners x, y and, in audit mode, z; organization b (b.example)
// with partner w. Each has a gateway that may relay, by certificate. Both take TLS 1.3 only.
class ConnectorFixture : public SessionFixture {
public:
    ConnectorFixture();
    ~ConnectorFixture();

    // After a change of `contents`.
    void take_contents();

    void set_versions(facts::TlsVersion min, facts::TlsVersion max);

    static std::string ca_of(const std::string& owner);

    // EHLO, and STARTTLS at this version, where there is one.
    static net::Task<> greet(TestClient& client, facts::TlsVersion version, ShownCertificate shown);

    objects::Snapshot::Contents contents;

private:
    void add_partner(const std::string& name, const std::string& organization);
};

}  // namespace hermetic::inbound
