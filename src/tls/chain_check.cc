#include "tls/chain_check.h"

#include "core/assert.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <array>
#include <utility>

namespace hermetic::tls {
namespace {

using facts::Revocation;
using State = facts::ChainVerdict::State;
using ResponsePointer = std::unique_ptr<OCSP_RESPONSE, FreeWith<OCSP_RESPONSE_free>>;
using BasicPointer = std::unique_ptr<OCSP_BASICRESP, FreeWith<OCSP_BASICRESP_free>>;
using IdPointer = std::unique_ptr<OCSP_CERTID, FreeWith<OCSP_CERTID_free>>;
using AccessPointer = std::unique_ptr<AUTHORITY_INFO_ACCESS, FreeWith<AUTHORITY_INFO_ACCESS_free>>;
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

// `certificate`: the one at fault; may be null.
facts::ChainVerdict failed(std::string error, facts::ChainFault fault, X509* certificate)
{
    facts::ChainVerdict verdict;
    verdict.state = State::Failed;
    verdict.error = std::move(error);
    verdict.fault = fault;
    if (certificate == nullptr) return verdict;
    verdict.subject = format_name(X509_get_subject_name(certificate));
    verdict.issuer = format_name(X509_get_issuer_name(certificate));
    verdict.not_before = wall_time(X509_get0_notBefore(certificate));
    verdict.not_after = wall_time(X509_get0_notAfter(certificate));
    return verdict;
}

// Whether its CA says where its own certificate can be had (RFC 5280 §4.2.2.1): public CAs do, for
// their intermediate ones; a private one that signs servers itself has no use for it.
bool names_issuer_location(X509* certificate)
{
    const AccessPointer access{static_cast<AUTHORITY_INFO_ACCESS*>(
        X509_get_ext_d2i(certificate, NID_info_access, nullptr, nullptr))};
    for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access.get()); ++i) {
        const ACCESS_DESCRIPTION* each = sk_ACCESS_DESCRIPTION_value(access.get(), i);
        if (OBJ_obj2nid(each->method) == NID_ad_ca_issuers) return true;
    }
    return false;
}

// The chain ends without a CA that is trusted. Whether the missing issuer is a CA that nobody
// knows, or one between that was not sent, cannot be seen; what was sent, and what the leaf says of
// its issuer, tell them apart as far as they can be.
facts::ChainFault find_missing_issuer(X509_STORE_CTX* context, STACK_OF(X509) * sent)
{
    X509* last = X509_STORE_CTX_get_current_cert(context);
    if (last == nullptr) return facts::ChainFault::UnknownCa;
    const bool leaf = X509_STORE_CTX_get_error_depth(context) == 0;
    if (!leaf) return facts::ChainFault::UnknownCa;
    bool others_sent = false;
    for (int i = 0; i < sk_X509_num(sent); ++i)
        others_sent = others_sent || X509_cmp(sk_X509_value(sent, i), last) != 0;
    return others_sent || names_issuer_location(last) ? facts::ChainFault::IncompleteChain
                                                      : facts::ChainFault::UnknownCa;
}

facts::ChainFault find_fault(int error, X509_STORE_CTX* context, STACK_OF(X509) * sent)
{
    using facts::ChainFault;
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return ChainFault::Expired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return ChainFault::NotYetValid;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return ChainFault::SelfSigned;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:  // by another key than the CA's of that name
        return ChainFault::UnknownCa;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return find_missing_issuer(context, sent);
    case X509_V_ERR_CERT_REVOKED:
        return ChainFault::Revoked;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
        return ChainFault::WeakKey;
    case X509_V_ERR_CA_MD_TOO_WEAK:
        return ChainFault::WeakSignature;
    case X509_V_ERR_INVALID_PURPOSE:
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
        return ChainFault::WrongPurpose;
    default:
        return ChainFault::Other;
    }
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
        finding.verdict = failed("certificate revoked", facts::ChainFault::Revoked, question.leaf);
    } else if (finding.revocation == Revocation::StapleMissing) {
        finding.verdict =
            failed("the certificate demands a stapled OCSP response, and no valid one was sent",
                   facts::ChainFault::StapleMissing, question.leaf);
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
        finding.verdict = failed(take_error_words(), facts::ChainFault::Other, nullptr);
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
        finding.verdict = failed(X509_verify_cert_error_string(error),
                                 find_fault(error, context.get(), question.rest),
                                 X509_STORE_CTX_get_current_cert(context.get()));
        if (error == X509_V_ERR_CERT_REVOKED) finding.revocation = Revocation::Revoked;
    }
    ERR_clear_error();
    return finding;
}

}  // namespace hermetic::tls
