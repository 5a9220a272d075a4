// The verdict on a chain: signatures, validity, purpose, revocation. Private to tls/.
//
// Specification §4.1: CRLs count where there is one of the issuer; a stapled OCSP response (RFC
// 6960) where its signature and its dates are good; a leaf that demands a staple (RFC 7633) needs
// one. Nothing is fetched.
#pragma once

#include "facts/tls.h"
#include "tls/crl_set.h"
#include "tls/evidence.h"
#include "tls/openssl.h"

#include <string>
#include <string_view>
#include <vector>

namespace hermetic::tls {

struct ChainQuestion {
    X509* leaf = nullptr;  // may be null, and so may all that follows
    STACK_OF(X509) * rest = nullptr;
    X509_STORE* cas = nullptr;  // null: not checked
    Purpose purpose = Purpose::Server;
    const CrlSet* crls = nullptr;
    bool stapled = false;       // a staple was asked for
    std::string_view staple{};  // DER; empty: none came
};

struct ChainFinding {
    facts::ChainVerdict verdict;
    std::vector<std::string> verified_spki;  // of the CAs, where verified
    facts::Revocation revocation = facts::Revocation::Unknown;
};

// At the present time. Keys below 112 bits of security and SHA-1 signatures fail it (specification
// §4.1: weak keys pass only where nothing is verified).
[[nodiscard]] ChainFinding check_chain(const ChainQuestion& question);

}  // namespace hermetic::tls
