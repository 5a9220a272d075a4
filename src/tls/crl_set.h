// CRLs as OpenSSL's objects. Private to tls/; immutable after loading, shared by all threads.
#pragma once

#include "tls/context.h"
#include "tls/openssl.h"

#include <string>
#include <vector>

namespace hermetic::tls {

struct FreeCrls {
    void operator()(STACK_OF(X509_CRL) * stack) const
    {
        sk_X509_CRL_pop_free(stack, X509_CRL_free);
    }
};
using CrlStack = std::unique_ptr<STACK_OF(X509_CRL), FreeCrls>;

class CrlSet {
public:
    CrlSet(CrlStack crls, std::vector<std::string> files);
    [[nodiscard]] STACK_OF(X509_CRL) * crls() const { return crls_.get(); }
    [[nodiscard]] const std::vector<std::string>& files() const { return files_; }
    // Of the content, hexadecimal.
    [[nodiscard]] const std::string& digest() const { return digest_; }

private:
    CrlStack crls_;
    std::vector<std::string> files_;
    std::string digest_;
};

}  // namespace hermetic::tls
