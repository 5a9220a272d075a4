#include "tls/pki_fixture.h"

#include "core/assert.h"
#include "tls/certificate.h"
#include "tls/openssl.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace hermetic::tls {

struct PkiFixture::Authority {
    X509Pointer certificate;
    KeyPointer key;
};

namespace {

long next_serial()
{
    static long serial = 1000;
    return ++serial;
}

KeyPointer make_key(const std::string& kind)
{
    EVP_PKEY* key = kind == "rsa2048"   ? EVP_RSA_gen(2048)
                    : kind == "rsa1024" ? EVP_RSA_gen(1024)
                    : kind == "rsa512"  ? EVP_RSA_gen(512)
                                        : EVP_EC_gen("P-256");
    HERMETIC_ASSERT(key != nullptr);
    return KeyPointer{key};
}

void extend(X509* certificate, int nid, const std::string& value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    HERMETIC_ASSERT(extension != nullptr);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

X509Pointer make_unsigned(const std::string& common_name, EVP_PKEY* key, int valid_days)
{
    X509Pointer certificate{X509_new()};
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), next_serial());
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -100L * 24 * 3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), valid_days * 24L * 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                               0);
    X509_set_pubkey(certificate.get(), key);
    return certificate;
}

void sign(X509* certificate, X509* issuer, EVP_PKEY* key)
{
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    HERMETIC_ASSERT(X509_sign(certificate, key, EVP_sha256()) > 0);
}

std::string pem(X509* certificate)
{
    const BioPointer out{BIO_new(BIO_s_mem())};
    PEM_write_bio_X509(out.get(), certificate);
    char* text = nullptr;
    const long length = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(length)};
}

std::string pem(EVP_PKEY* key)
{
    const BioPointer out{BIO_new(BIO_s_mem())};
    PEM_write_bio_PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    char* text = nullptr;
    const long length = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(length)};
}

}  // namespace

PkiFixture::PkiFixture()
{
    std::string pattern = std::filesystem::temp_directory_path() / "hermetic-pki-XXXXXX";
    HERMETIC_ASSERT(::mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;

    root_ = std::make_unique<Authority>();
    root_->key = make_key("ec");
    root_->certificate = make_unsigned("Test Root", root_->key.get(), 365);
    extend(root_->certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    sign(root_->certificate.get(), root_->certificate.get(), root_->key.get());

    intermediate_ = std::make_unique<Authority>();
    intermediate_->key = make_key("ec");
    intermediate_->certificate = make_unsigned("Test Intermediate", intermediate_->key.get(), 365);
    extend(intermediate_->certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    sign(intermediate_->certificate.get(), root_->certificate.get(), root_->key.get());

    write("root.pem", pem(root_->certificate.get()));
    write("intermediate.pem", pem(intermediate_->certificate.get()));
}

PkiFixture::~PkiFixture()
{
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

CertificateSource PkiFixture::make_files(const Leaf& leaf)
{
    const KeyPointer key = make_key(leaf.key);
    const std::string common_name = leaf.dns_names.empty() ? leaf.name : leaf.dns_names.front();
    const X509Pointer certificate = make_unsigned(common_name, key.get(), leaf.valid_days);
    std::string names;
    for (const auto& name : leaf.dns_names) names += (names.empty() ? "DNS:" : ",DNS:") + name;
    if (!names.empty()) extend(certificate.get(), NID_subject_alt_name, names);
    if (leaf.must_staple) extend(certificate.get(), NID_tlsfeature, "status_request");

    std::string chain;
    switch (leaf.issuer) {
    case Issuer::Itself:
        sign(certificate.get(), certificate.get(), key.get());
        break;
    case Issuer::Root:
        sign(certificate.get(), root_->certificate.get(), root_->key.get());
        break;
    case Issuer::Intermediate:
        sign(certificate.get(), intermediate_->certificate.get(), intermediate_->key.get());
        chain = pem(intermediate_->certificate.get());
        break;
    }
    write(leaf.name + ".pem", pem(certificate.get()) + chain);
    write(leaf.name + ".key", pem(key.get()));
    ::chmod(path(leaf.name + ".key").c_str(), 0600);
    return {leaf.name, path(leaf.name + ".pem"), path(leaf.name + ".key")};
}

std::shared_ptr<const Certificate> PkiFixture::make(const Leaf& leaf)
{
    return load_certificate(make_files(leaf)).value();
}

std::shared_ptr<const Certificate> PkiFixture::make(const std::string& dns_name)
{
    return make(Leaf{.name = dns_name, .dns_names = {dns_name}});
}

std::string PkiFixture::make_crl(const std::vector<std::shared_ptr<const Certificate>>& revoked,
                                 int valid_days) const
{
    constexpr long kDay = 24L * 3600;
    const std::unique_ptr<X509_CRL, FreeWith<X509_CRL_free>> crl{X509_CRL_new()};
    const std::unique_ptr<ASN1_TIME, FreeWith<ASN1_TIME_free>> time{ASN1_TIME_new()};
    X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(intermediate_->certificate.get()));
    X509_gmtime_adj(time.get(), -50 * kDay);
    X509_CRL_set1_lastUpdate(crl.get(), time.get());
    for (const auto& each : revoked) {
        X509_REVOKED* entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(each->leaf()));
        X509_REVOKED_set_revocationDate(entry, time.get());
        X509_CRL_add0_revoked(crl.get(), entry);
    }
    X509_gmtime_adj(time.get(), valid_days * kDay);
    X509_CRL_set1_nextUpdate(crl.get(), time.get());
    X509_CRL_sort(crl.get());
    HERMETIC_ASSERT(X509_CRL_sign(crl.get(), intermediate_->key.get(), EVP_sha256()) > 0);
    const BioPointer out{BIO_new(BIO_s_mem())};
    PEM_write_bio_X509_CRL(out.get(), crl.get());
    char* text = nullptr;
    const long length = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(length)};
}

namespace {

using TimePointer = std::unique_ptr<ASN1_TIME, FreeWith<ASN1_TIME_free>>;
constexpr long kHour = 3600;
constexpr long kDay = 24 * kHour;

// `until` may be null.
std::string sign_staple(X509* leaf, X509* issuer, X509* signer, EVP_PKEY* key,
                        PkiFixture::Status status, ASN1_TIME* from, ASN1_TIME* until)
{
    using Status = PkiFixture::Status;
    OCSP_CERTID* id = OCSP_cert_to_id(EVP_sha1(), leaf, issuer);
    OCSP_BASICRESP* basic = OCSP_BASICRESP_new();
    const int code = status == Status::Good      ? V_OCSP_CERTSTATUS_GOOD
                     : status == Status::Revoked ? V_OCSP_CERTSTATUS_REVOKED
                                                 : V_OCSP_CERTSTATUS_UNKNOWN;
    OCSP_basic_add1_status(basic, id, code, 0, from, from, until);
    HERMETIC_ASSERT(OCSP_basic_sign(basic, signer, key, EVP_sha256(), nullptr, 0) == 1);
    OCSP_RESPONSE* response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    unsigned char* der = nullptr;
    const int length = i2d_OCSP_RESPONSE(response, &der);
    HERMETIC_ASSERT(length > 0);
    std::string octets{reinterpret_cast<const char*>(der), static_cast<std::size_t>(length)};
    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    return octets;
}

}  // namespace

std::string PkiFixture::make_staple(const Certificate& certificate, Status status, int valid_days,
                                    bool forged) const
{
    X509* issuer = intermediate_->certificate.get();
    const TimePointer from{X509_gmtime_adj(nullptr, -50 * kDay)};
    const TimePointer until{X509_gmtime_adj(nullptr, valid_days * kDay)};
    if (!forged) {
        return sign_staple(certificate.leaf(), issuer, issuer, intermediate_->key.get(), status,
                           from.get(), until.get());
    }
    // Whoever forges has the name of the CA and not its key.
    const KeyPointer other = make_key("ec");
    const X509Pointer impostor = make_unsigned("Test Intermediate", other.get(), 30);
    sign(impostor.get(), impostor.get(), other.get());
    return sign_staple(certificate.leaf(), issuer, impostor.get(), other.get(), status, from.get(),
                       until.get());
}

std::string PkiFixture::make_open_staple(const Certificate& certificate, Status status,
                                         int hours_old) const
{
    X509* issuer = intermediate_->certificate.get();
    const TimePointer from{X509_gmtime_adj(nullptr, -hours_old * kHour)};
    return sign_staple(certificate.leaf(), issuer, issuer, intermediate_->key.get(), status,
                       from.get(), nullptr);
}

std::string PkiFixture::read(const std::string& file) const
{
    std::ifstream in{path(file)};
    return {std::istreambuf_iterator<char>{in}, {}};
}

void PkiFixture::write(const std::string& file, const std::string& text) const
{
    std::ofstream{path(file)} << text;
}

}  // namespace hermetic::tls
