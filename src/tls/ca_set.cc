#include "tls/ca_set.h"

#include "core/assert.h"

#include <openssl/err.h>

#include <cstdlib>
#include <unistd.h>

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

}  // namespace

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
