// The lab's certificate authority: issues what each partner shows, and writes what others need to
// judge it. Private header: OpenSSL types.
//
// Root "Hermetic lab root" -> issuing authority -> leaves. Serial numbers are the partners' places
// in the table, so that they are the same in every run; keys are not.
#pragma once

#include "core/result.h"
#include "lab/behaviour.h"
#include "lab/certificate.h"

#include <filesystem>
#include <string>
#include <vector>

namespace hermetic::lab {

// What a partner's TLS server shows.
struct ServerCredentials {
    Identity leaf;
    std::vector<CertificatePtr> chain;  // sent after the leaf
    std::string stapled;                // DER; empty: nothing is stapled
};

enum class PkiError { CannotWrite };

class Pki {
public:
    Pki();

    [[nodiscard]] ServerCredentials issue(const Behaviour& behaviour, long serial);

    [[nodiscard]] const X509* root() const { return root_.certificate.get(); }

    // Lists every revoked certificate issued so far.
    [[nodiscard]] CrlPtr crl() const;

    // ca.pem (root), issuing.pem, crl.pem, client.pem and client.key (a client certificate that
    // the partners accept). The key is readable by its owner only.
    [[nodiscard]] Result<void, PkiError> write(const std::filesystem::path& directory) const;

private:
    // Below so many authorities of its own, which are sent.
    [[nodiscard]] ServerCredentials issue_far(const Behaviour& behaviour, long serial,
                                              int authorities) const;

    Identity root_;
    Identity issuing_;
    Identity stranger_;  // signs for CertificateKind::UnknownAuthority; is written nowhere
    Identity client_;
    std::vector<long> revoked_;
};

}  // namespace hermetic::lab
