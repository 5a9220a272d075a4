// CAs as OpenSSL's store. Private to tls/; immutable after loading, shared by all threads.
#pragma once

#include "tls/context.h"
#include "tls/openssl.h"

namespace hermetic::tls {

class CaSet {
public:
    explicit CaSet(StorePointer store);
    [[nodiscard]] X509_STORE* store() const { return store_.get(); }
    // Of the certificates' content, hexadecimal: the same set read again has the same one.
    [[nodiscard]] const std::string& digest() const { return digest_; }

private:
    StorePointer store_;
    std::string digest_;
};

}  // namespace hermetic::tls
