#include "lab/certificate.h"

#include "core/assert.h"
#include "core/text.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

namespace hermetic::lab {
namespace {

using BioPtr = std::unique_ptr<BIO, OpenSslFree<BIO_free_all>>;

KeyPtr make_key(KeyKind kind)
{
    KeyPtr key{kind == KeyKind::EcP256    ? EVP_EC_gen("P-256")
               : kind == KeyKind::Rsa2048 ? EVP_RSA_gen(2048)
                                          : EVP_RSA_gen(1024)};
    HERMETIC_ASSERT(key);
    return key;
}

void set_name(X509_NAME* name, const std::string& common_name)
{
    const auto add = [name](const char* field, const std::string& value) {
        HERMETIC_ASSERT(X509_NAME_add_entry_by_txt(
            name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
            static_cast<int>(value.size()), -1, 0));
    };
    add("O", "Hermetic lab");
    add("CN", common_name);
}

void add_extension(X509* certificate, const X509* issuer, int nid, const std::string& value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, const_cast<X509*>(issuer), certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    HERMETIC_ASSERT(extension && X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

// Made octet by octet: OpenSSL's own syntax knows neither NUL nor commas in names.
void add_names(X509* certificate, const CertificateRequest& request)
{
    const std::unique_ptr<GENERAL_NAMES, OpenSslFree<GENERAL_NAMES_free>> names{
        GENERAL_NAMES_new()};
    const auto add = [&names](int type, const std::string& octets, ASN1_STRING* string) {
        GENERAL_NAME* const name = GENERAL_NAME_new();
        HERMETIC_ASSERT(names && name && string);
        HERMETIC_ASSERT(ASN1_STRING_set(string, octets.data(), static_cast<int>(octets.size())));
        GENERAL_NAME_set0_value(name, type, string);
        HERMETIC_ASSERT(sk_GENERAL_NAME_push(names.get(), name) > 0);
    };
    for (const auto& name : request.dns_names) add(GEN_DNS, name, ASN1_IA5STRING_new());
    for (const auto& address : request.addresses) add(GEN_IPADD, address, ASN1_OCTET_STRING_new());
    if (sk_GENERAL_NAME_num(names.get()) == 0) return;
    HERMETIC_ASSERT(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0,
                                      X509V3_ADD_DEFAULT) == 1);
}

void add_extensions(X509* certificate, const X509* issuer, const CertificateRequest& request)
{
    const bool authority =
        request.usage == Usage::RootAuthority || request.usage == Usage::IssuingAuthority;
    add_extension(certificate, issuer, NID_basic_constraints,
                  authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add_extension(certificate, issuer, NID_key_usage,
                  authority ? "critical,keyCertSign,cRLSign,digitalSignature"
                            : "critical,digitalSignature,keyEncipherment");
    if (!authority) {
        add_extension(certificate, issuer, NID_ext_key_usage,
                      request.usage == Usage::Client ? "clientAuth" : "serverAuth");
    }
    add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
    add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
    // As public CAs do: where the certificate of an issuer between can be had (RFC 5280 §4.2.2.1).
    const bool between =
        X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_issuer_name(issuer)) != 0;
    if (between && certificate != issuer) {
        add_extension(certificate, issuer, NID_info_access,
                      "caIssuers;URI:http://ca.lab.test/issuing.der");
    }
    add_names(certificate, request);
}

std::string read_all(BIO* bio)
{
    char* data = nullptr;
    const long length = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(length)};
}

}  // namespace

Identity make_identity(const CertificateRequest& request, const Identity* issuer)
{
    Identity made{CertificatePtr{X509_new()}, make_key(request.key)};
    X509* const certificate = made.certificate.get();
    HERMETIC_ASSERT(certificate && X509_set_version(certificate, X509_VERSION_3));
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), request.serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), request.valid_from.count());
    X509_gmtime_adj(X509_getm_notAfter(certificate), request.valid_until.count());
    set_name(X509_get_subject_name(certificate), request.common_name);
    const X509* const issued_by = issuer ? issuer->certificate.get() : certificate;
    HERMETIC_ASSERT(X509_set_issuer_name(certificate, X509_get_subject_name(issued_by)) &&
                    X509_set_pubkey(certificate, made.key.get()));
    add_extensions(certificate, issued_by, request);
    EVP_PKEY* const signing_key = issuer ? issuer->key.get() : made.key.get();
    const EVP_MD* const digest = request.digest ? request.digest : EVP_sha256();
    HERMETIC_ASSERT(X509_sign(certificate, signing_key, digest) > 0);
    return made;
}

CrlPtr make_crl(const Identity& issuer, const std::vector<long>& revoked)
{
    CrlPtr crl{X509_CRL_new()};
    HERMETIC_ASSERT(crl && X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2));
    X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer.certificate.get()));
    ASN1_TIME* const time = X509_gmtime_adj(nullptr, -3600);
    X509_CRL_set1_lastUpdate(crl.get(), time);
    for (const long serial : revoked) {
        X509_REVOKED* const entry = X509_REVOKED_new();
        ASN1_INTEGER* const number = ASN1_INTEGER_new();
        ASN1_INTEGER_set(number, serial);
        X509_REVOKED_set_serialNumber(entry, number);
        X509_REVOKED_set_revocationDate(entry, time);
        X509_CRL_add0_revoked(crl.get(), entry);
        ASN1_INTEGER_free(number);
    }
    X509_gmtime_adj(time, 30L * 86400);
    X509_CRL_set1_nextUpdate(crl.get(), time);
    ASN1_TIME_free(time);
    X509_CRL_sort(crl.get());
    HERMETIC_ASSERT(X509_CRL_sign(crl.get(), issuer.key.get(), EVP_sha256()) > 0);
    return crl;
}

std::string make_ocsp_response(const X509* certificate, const Identity& issuer, int status)
{
    OCSP_BASICRESP* const basic = OCSP_BASICRESP_new();
    OCSP_CERTID* const id = OCSP_cert_to_id(EVP_sha1(), certificate, issuer.certificate.get());
    ASN1_TIME* const from = X509_gmtime_adj(nullptr, -3600);
    ASN1_TIME* const until = X509_gmtime_adj(nullptr, 7L * 86400);
    HERMETIC_ASSERT(basic && id && from && until);
    const bool revoked = status == V_OCSP_CERTSTATUS_REVOKED;
    HERMETIC_ASSERT(OCSP_basic_add1_status(basic, id, status,
                                           revoked ? OCSP_REVOKED_STATUS_KEYCOMPROMISE : 0,
                                           revoked ? from : nullptr, from, until));
    HERMETIC_ASSERT(OCSP_basic_sign(basic, issuer.certificate.get(), issuer.key.get(), EVP_sha256(),
                                    nullptr, 0));
    OCSP_RESPONSE* const response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    unsigned char* der = nullptr;
    const int length = i2d_OCSP_RESPONSE(response, &der);
    HERMETIC_ASSERT(length > 0);
    std::string octets{reinterpret_cast<char*>(der), static_cast<std::size_t>(length)};
    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    return octets;
}

std::string key_pin(const X509& certificate)
{
    unsigned char* der = nullptr;
    const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(&certificate), &der);
    HERMETIC_ASSERT(length > 0);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    HERMETIC_ASSERT(EVP_Digest(der, static_cast<std::size_t>(length), digest, &size, EVP_sha256(),
                               nullptr) == 1);
    OPENSSL_free(der);
    return to_hex({reinterpret_cast<const char*>(digest), size});
}

std::string to_pem(const X509& certificate)
{
    const BioPtr bio{BIO_new(BIO_s_mem())};
    HERMETIC_ASSERT(PEM_write_bio_X509(bio.get(), &certificate));
    return read_all(bio.get());
}

std::string to_pem(const EVP_PKEY& key)
{
    const BioPtr bio{BIO_new(BIO_s_mem())};
    HERMETIC_ASSERT(
        PEM_write_bio_PrivateKey(bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr));
    return read_all(bio.get());
}

std::string to_pem(const X509_CRL& crl)
{
    const BioPtr bio{BIO_new(BIO_s_mem())};
    HERMETIC_ASSERT(PEM_write_bio_X509_CRL(bio.get(), &crl));
    return read_all(bio.get());
}

}  // namespace hermetic::lab
