// CRLs as OpenSSL's objects. Private to tls/; immutable after loading, shared by all threads.
#pragma once

#include "tls/context.h"
#include "tls/openssl.h"

#include <map>
#include <string>

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
    using Files = std::map<std::string, CrlStack>;  // by path

    CrlSet(std::string folder, Files files);
    // Of all files.
    [[nodiscard]] STACK_OF(X509_CRL) * crls() const { return crls_.get(); }
    // Of one; null: it said nothing.
    [[nodiscard]] STACK_OF(X509_CRL) * of(const std::string& file) const;
    [[nodiscard]] const std::string& folder() const { return folder_; }
    [[nodiscard]] const Files& files() const { return files_; }
    // Of the content, hexadecimal.
    [[nodiscard]] const std::string& digest() const { return digest_; }

private:
    std::string folder_;
    Files files_;
    CrlStack crls_;  // shares them
    std::string digest_;
};

}  // namespace hermetic::tls
