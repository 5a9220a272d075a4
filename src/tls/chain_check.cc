#include "tls/chain_check.h"

#include "core/assert.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509_vfy.h>

#include <array>

namespace hermetic::tls {
namespace {

using facts::Revocation;
using State = facts::ChainVerdict::State;
using ResponsePointer = std::unique_ptr<OCSP_RESPONSE, FreeWith<OCSP_RESPONSE_free>>;
using BasicPointer = std::unique_ptr<OCSP_BASICRESP, FreeWith<OCSP_BASICRESP_free>>;
using IdPointer = std::unique_ptr<OCSP_CERTID, FreeWith<OCSP_CERTID_free>>;
using FeaturePointer = std::unique_ptr<TLS_FEATURE, FreeWith<TLS_FEATURE_free>>;

constexpr long kClockSkew = 300;    // seconds
constexpr long kOpenEnded = 86400;  // what a response counts for that does not say until when
constexpr long kStatusRequest = 5;  // RFC 6066 §8, in a certificate's TLS feature extension

// Most issuers have no CRL here. One that is overdue still says what it says: who is in it stays
// revoked, who is not may be.
int tolerate_missing_crls(int passed, X509_STORE_CTX* context)
{
    if (passed == 1) return 1;
    const int error = X509_STORE_CTX_get_error(context);
    return error == X509_V_ERR_UNABLE_TO_GET_CRL || error == X509_V_ERR_CRL_HAS_EXPIRED ? 1 : 0;
}

void count_crls(X509_STORE_CTX* context, const CrlSet* crls)
{
    if (crls == nullptr || sk_X509_CRL_num(crls->crls()) == 0) return;
    X509_STORE_CTX_set0_crls(context, crls->crls());
    X509_STORE_CTX_set_flags(context, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    X509_STORE_CTX_set_verify_cb(context, &tolerate_missing_crls);
}

// What the response says of the leaf; its id is made with one of two digests.
Revocation find_status(OCSP_BASICRESP* response, X509* leaf, X509* issuer)
{
    for (const EVP_MD* digest : {EVP_sha1(), EVP_sha256()}) {
        const IdPointer id{OCSP_cert_to_id(digest, leaf, issuer)};
        int status = 0;
        int reason = 0;
        ASN1_GENERALIZEDTIME* revoked_at = nullptr;
        ASN1_GENERALIZEDTIME* from = nullptr;
        ASN1_GENERALIZEDTIME* until = nullptr;
        if (id == nullptr || OCSP_resp_find_status(response, id.get(), &status, &reason,
                                                   &revoked_at, &from, &until) != 1)
            continue;
        const long oldest = until == nullptr ? kOpenEnded : -1;
        if (OCSP_check_validity(from, until, kClockSkew, oldest) != 1) return Revocation::Unknown;
        if (status == V_OCSP_CERTSTATUS_REVOKED) return Revocation::Revoked;
        return status == V_OCSP_CERTSTATUS_GOOD ? Revocation::Good : Revocation::Unknown;
    }
    return Revocation::Unknown;
}

// Whoever could forge a staple could leave it out as well: one that cannot be believed is none.
Revocation read_staple(const ChainQuestion& question, STACK_OF(X509) * chain)
{
    if (question.staple.empty()) return Revocation::Unknown;
    const auto* octets = reinterpret_cast<const unsigned char*>(question.staple.data());
    const ResponsePointer response{
        d2i_OCSP_RESPONSE(nullptr, &octets, static_cast<long>(question.staple.size()))};
    if (response == nullptr ||
        OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        return Revocation::Unknown;
    const BasicPointer basic{OCSP_response_get1_basic(response.get())};
    if (basic == nullptr || OCSP_basic_verify(basic.get(), chain, question.cas, 0) != 1)
        return Revocation::Unknown;
    return find_status(basic.get(), question.leaf, sk_X509_value(chain, 1));
}

bool demands_staple(X509* leaf)
{
    const FeaturePointer features{
        static_cast<TLS_FEATURE*>(X509_get_ext_d2i(leaf, NID_tlsfeature, nullptr, nullptr))};
    for (int i = 0; i < sk_ASN1_INTEGER_num(features.get()); ++i) {
        if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features.get(), i)) == kStatusRequest)
            return true;
    }
    return false;
}

// What a staple changes of a chain that verifies. A leaf that is trusted itself has no issuer here
// that could speak of it.
void add_staple(const ChainQuestion& question, STACK_OF(X509) * chain, ChainFinding& finding)
{
    if (!question.stapled || sk_X509_num(chain) < 2) return;
    finding.revocation = read_staple(question, chain);
    if (finding.revocation == Revocation::Unknown && demands_staple(question.leaf))
        finding.revocation = Revocation::StapleMissing;
    if (finding.revocation == Revocation::Revoked) {
        finding.verdict = {State::Failed, "certificate revoked", X509_V_ERR_CERT_REVOKED};
    } else if (finding.revocation == Revocation::StapleMissing) {
        finding.verdict = {State::Failed,
                           "the certificate demands a stapled OCSP response, and no good one came",
                           X509_V_ERR_OCSP_VERIFY_NEEDED};
    }
}

std::vector<std::string> keys_of_cas(STACK_OF(X509) * chain)
{
    std::vector<std::string> keys;
    for (int i = 1; i < sk_X509_num(chain); ++i)
        keys.push_back(spki_digest(sk_X509_value(chain, i)));
    return keys;
}

}  // namespace

ChainFinding check_chain(const ChainQuestion& question)
{
    ChainFinding finding;
    if (question.leaf == nullptr) {
        finding.verdict.state = State::NoCertificate;
        return finding;
    }
    if (question.cas == nullptr) return finding;
    const StoreContextPointer context{X509_STORE_CTX_new()};
    HERMETIC_ASSERT(context != nullptr);
    if (X509_STORE_CTX_init(context.get(), question.cas, question.leaf, question.rest) != 1) {
        finding.verdict = {State::Failed, take_error_words(), X509_V_ERR_UNSPECIFIED};
        return finding;
    }
    X509_STORE_CTX_set_default(context.get(),
                               question.purpose == Purpose::Server ? "ssl_server" : "ssl_client");
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(context.get()), 2);
    count_crls(context.get(), question.crls);
    if (X509_verify_cert(context.get()) == 1) {
        STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(context.get());
        finding.verdict.state = State::Verified;
        add_staple(question, chain, finding);
        if (finding.verdict.state == State::Verified) finding.verified_spki = keys_of_cas(chain);
    } else {
        int error = X509_STORE_CTX_get_error(context.get());
        if (error == X509_V_OK) error = X509_V_ERR_UNSPECIFIED;
        finding.verdict = {State::Failed, X509_verify_cert_error_string(error), error};
        if (error == X509_V_ERR_CERT_REVOKED) finding.revocation = Revocation::Revoked;
    }
    ERR_clear_error();
    return finding;
}

}  // namespace hermetic::tls
