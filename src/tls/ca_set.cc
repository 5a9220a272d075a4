#include "tls/ca_set.h"

#include "core/assert.h"
#include "tls/certificate.h"
#include "tls/crl_set.h"
#include "tls/evidence.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <unistd.h>
#include <vector>

namespace hermetic::tls {

namespace {

// One file that is read once. The directory beside it is looked into at every handshake.
constexpr const char* kSystemBundle = "/etc/ssl/certs/ca-certificates.crt";

constexpr std::size_t kMaxFile = std::size_t{16} << 20U;

StorePointer new_store()
{
    StorePointer store{X509_STORE_new()};
    HERMETIC_ASSERT(store != nullptr);
    return store;
}

// As X509_STORE_load_file() does, from a text. False: it has no certificate, or something is
// broken.
bool add_certificates(X509_STORE* store, const std::string& text)
{
    struct Free {
        void operator()(STACK_OF(X509_INFO) * all) const
        {
            sk_X509_INFO_pop_free(all, X509_INFO_free);
        }
    };
    const BioPointer in = memory_bio(text);
    const std::unique_ptr<STACK_OF(X509_INFO), Free> all{
        PEM_X509_INFO_read_bio(in.get(), nullptr, &no_password, nullptr)};
    if (all == nullptr) return false;
    int found = 0;
    for (int i = 0; i < sk_X509_INFO_num(all.get()); ++i) {
        const X509_INFO* each = sk_X509_INFO_value(all.get(), i);
        if (each->x509 != nullptr) {
            if (X509_STORE_add_cert(store, each->x509) != 1) return false;
            ++found;
        }
        if (each->crl != nullptr && X509_STORE_add_crl(store, each->crl) != 1) return false;
    }
    return found > 0;
}

Result<void, ConfigError> add_file(X509_STORE* store, const std::string& pem_file)
{
    const auto text = read_file(pem_file, kMaxFile);
    if (!text) return failure(config_error(pem_file, text.error()));
    ERR_clear_error();
    const bool added = add_certificates(store, text->octets);
    const std::string words =
        ERR_peek_last_error() == 0 ? "it has no certificate" : take_error_words();
    ERR_clear_error();
    if (added) return {};
    return failure(ConfigError{pem_file + ": " + words, "a file of CA certificates as PEM"});
}

// $SSL_CERT_FILE and $SSL_CERT_DIR, as OpenSSL takes them: what is missing is none.
void add_named_by_environment(X509_STORE* store)
{
    const char* const file = std::getenv(X509_get_default_cert_file_env());
    (void)add_file(store, file != nullptr ? file : X509_get_default_cert_file());
    X509_LOOKUP* const folder = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
    HERMETIC_ASSERT(folder != nullptr);
    X509_LOOKUP_add_dir(folder, nullptr, X509_FILETYPE_DEFAULT);
    ERR_clear_error();
}

// In the order of their digests: in which order a file has them means nothing. What a directory
// holds is not looked at here; it is the same one in the whole life of the process.
std::string digest_of(X509_STORE* store)
{
    std::vector<std::string> each;
    STACK_OF(X509_OBJECT)* objects = X509_STORE_get0_objects(store);
    for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i) {
        X509* certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        if (certificate != nullptr) each.push_back(certificate_digest(certificate));
    }
    std::sort(each.begin(), each.end());
    std::string all = std::to_string(X509_VERIFY_PARAM_get_flags(X509_STORE_get0_param(store)));
    for (const auto& one : each) all += one;
    return hex_sha256(all);
}

}  // namespace

CaSet::CaSet(StorePointer store) : store_{std::move(store)}, digest_{digest_of(store_.get())}
{
}

std::string identity_digest(const Trust& trust, const Certificate* client_certificate)
{
    std::string text = trust.cas != nullptr ? trust.cas->digest() : std::string{"-"};
    text += '/';
    text += client_certificate != nullptr ? client_certificate->facts().sha256 : std::string{"-"};
    if (trust.system != nullptr) text += "/system " + trust.system->digest();
    if (trust.crls != nullptr) text += "/crls " + trust.crls->digest();
    if (trust.stapled) text += "/stapled";
    return text;
}

Result<std::shared_ptr<const CaSet>, ConfigError> load_system_cas()
{
    StorePointer store = new_store();
    const bool own_paths =
        std::getenv("SSL_CERT_FILE") != nullptr || std::getenv("SSL_CERT_DIR") != nullptr;
    if (own_paths || ::access(kSystemBundle, R_OK) != 0) {
        add_named_by_environment(store.get());
    } else if (auto added = add_file(store.get(), kSystemBundle); !added) {
        return failure(ConfigError{"the system's CA certificates: " + added.error().what,
                                   "the package ca-certificates"});
    }
    return std::make_shared<const CaSet>(std::move(store));
}

Result<std::shared_ptr<const CaSet>, ConfigError> load_cas(const std::string& pem_file)
{
    StorePointer store = new_store();
    if (auto added = add_file(store.get(), pem_file); !added) return failure(added.error());
    // Whoever names an intermediate CA means it: the chain need not go on to a root.
    X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
    return std::make_shared<const CaSet>(std::move(store));
}

}  // namespace hermetic::tls
