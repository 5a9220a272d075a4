// A chain and its key as OpenSSL's objects, decoded once. Private to tls/; immutable, shared.
#pragma once

#include "tls/context.h"
#include "tls/openssl.h"

namespace hermetic::tls {

class Certificate {
public:
    // `leaf` fits `key`; `rest` is in order, without the leaf.
    Certificate(X509Pointer leaf, X509Stack rest, KeyPointer key);

    [[nodiscard]] X509* leaf() const { return leaf_.get(); }
    [[nodiscard]] const facts::CertificateFacts& facts() const { return facts_; }
    [[nodiscard]] int key_kind() const { return key_kind_; }  // EVP_PKEY_RSA …

    // The one place where a private key is handed on.
    [[nodiscard]] bool use_in(SSL_CTX* context) const;

private:
    X509Pointer leaf_;
    X509Stack rest_;
    KeyPointer key_;
    facts::CertificateFacts facts_;
    int key_kind_;
};

}  // namespace hermetic::tls
