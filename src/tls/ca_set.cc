#include "tls/ca_set.h"

#include "core/assert.h"
#include "tls/certificate.h"
#include "tls/crl_set.h"
#include "tls/evidence.h"

#include <openssl/err.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <unistd.h>
#include <vector>

namespace hermetic::tls {

namespace {

// One file that is read once. The directory beside it is looked into at every handshake.
constexpr const char* kSystemBundle = "/etc/ssl/certs/ca-certificates.crt";

StorePointer new_store()
{
    StorePointer store{X509_STORE_new()};
    HERMETIC_ASSERT(store != nullptr);
    return store;
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
    const bool bundle = !own_paths && ::access(kSystemBundle, R_OK) == 0;
    const int loaded = bundle ? X509_STORE_load_file(store.get(), kSystemBundle)
                              : X509_STORE_set_default_paths(store.get());
    if (loaded != 1) {
        return failure(ConfigError{"the system's CA certificates: " + take_error_words(),
                                   "install ca-certificates"});
    }
    ERR_clear_error();
    return std::make_shared<const CaSet>(std::move(store));
}

Result<std::shared_ptr<const CaSet>, ConfigError> load_cas(const std::string& pem_file)
{
    StorePointer store = new_store();
    if (X509_STORE_load_file(store.get(), pem_file.c_str()) != 1) {
        return failure(ConfigError{pem_file + ": " + take_error_words(),
                                   "give a file of CA certificates as PEM"});
    }
    // Whoever names an intermediate CA means it: the chain need not go on to a root.
    X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
    ERR_clear_error();
    return std::make_shared<const CaSet>(std::move(store));
}

}  // namespace hermetic::tls
