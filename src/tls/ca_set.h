// CAs as OpenSSL's store. Private to tls/; immutable after loading, shared by all threads.
#pragma once

#include "tls/context.h"
#include "tls/openssl.h"

namespace hermetic::tls {

class CaSet {
public:
    explicit CaSet(StorePointer store) : store_{std::move(store)} {}
    [[nodiscard]] X509_STORE* store() const { return store_.get(); }

private:
    StorePointer store_;
};

}  // namespace hermetic::tls
