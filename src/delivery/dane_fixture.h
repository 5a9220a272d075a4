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

    DaneTest();
    ~DaneTest() override;

    // A server with the leaf's chain. `leaf.name` names its files.
    PeerScript with_certificate(Leaf leaf, tls::ServerProfile profile = {});
    // The record of a leaf's chain: 0 is the leaf, 1 its CA.
    facts::TlsaRecord record(tls::TlsaKind kind, const std::string& leaf = "leaf");

    // other.test by MX, all of it proved; the host's records, where there are any.
    ScriptedPeer& secure_peer(PeerScript script, std::vector<facts::TlsaRecord> records);
    // One more host of other.test.
    ScriptedPeer& second_peer(PeerScript script, std::vector<facts::TlsaRecord> records);
    void prove(const std::string& host, const std::string& canonical_name = {});
    std::string tlsa_name(const std::string& base);
    facts::TlsaAnswer& publish(const std::string& base, std::vector<facts::TlsaRecord> records);
    void fail_lookup(const std::string& base, facts::DnsSecurity security, const std::string& why);
    void connect_by(objects::TlsSettings tls);

    // No message, and not even its envelope, came in clear.
    static void expect_nothing_in_clear(const ScriptedPeer& peer);
    void expect_waits(facts::Reason reason, std::string_view code);
    void expect_delivered(ScriptedPeer& peer, facts::Reason reason, std::string_view level);

    tls::PkiFixture pki;
};

}  // namespace hermetic::delivery
