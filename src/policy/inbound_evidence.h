// What a session shows of its client, and what its certificate proves to a connector.
//
// Pure. Specification §2.3: a name counts for a connector only where the chain verifies, for client
// use, against that connector's own CAs; TLS behind XCLIENT or PROXY is the proxy's and proves
// nothing about the client.
#pragma once

#include "core/ip.h"
#include "core/time.h"
#include "facts/tls.h"
#include "objects/objects.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace hermetic::policy {

struct ClientEvidence {
    IpAddress address;                        // 0.0.0.0: not known, and proves nothing
    const facts::TlsEvidence* tls = nullptr;  // of the session as it is; null: in clear
    bool tls_is_the_clients = true;           // false after XCLIENT or PROXY
    std::string_view listener;  // where the client came; empty: not known, and no connector's
    // The listener takes old versions from its named networks: an organization's floor does not
    // count there.
    bool legacy_listener = false;
    // When it is judged: exceptions that have ended by then do not count. Not set: none counts.
    WallTime now = WallTime::max();
    // The client's chain against the connector's CAs. Asked only where a name of the certificate is
    // one of the connector's; NotChecked: they cannot be read now. Empty: likewise.
    std::function<facts::ChainVerdict(const objects::InboundConnector&)> judge_chain;

    // TLS that says something of the client; null in clear, too.
    [[nodiscard]] const facts::TlsEvidence* own_tls() const
    {
        return tls_is_the_clients ? tls : nullptr;
    }
    [[nodiscard]] facts::TlsVersion version() const
    {
        return tls != nullptr ? tls->version : facts::TlsVersion::None;
    }
};

struct CertificateProof {
    enum class State : std::uint8_t {
        Proved,
        NoCertificate,   // none was shown, or not by the client
        NoName,          // it has none of the connector's names
        ChainFailed,     // against the connector's CAs
        CasUnavailable,  // the connector's CAs cannot be read now: nothing is known
    };
    State state = State::NoCertificate;
    std::string name;    // Proved, CasUnavailable: the certificate's, as it counts
    bool exact = false;  // no wildcard, on neither side
    std::string words;   // ChainFailed: OpenSSL's

    [[nodiscard]] bool proved() const { return state == State::Proved; }
};

[[nodiscard]] CertificateProof prove_certificate(const objects::InboundConnector& connector,
                                                 const ClientEvidence& evidence);

// For replies and logs: what was presented. Escaped and bounded.
[[nodiscard]] std::string present_certificate(const ClientEvidence& evidence);
[[nodiscard]] std::string present_tls(const ClientEvidence& evidence);      // "TLSv1.1", "in clear"
[[nodiscard]] std::string present_address(const ClientEvidence& evidence);  // "address 192.0.2.1"

}  // namespace hermetic::policy
