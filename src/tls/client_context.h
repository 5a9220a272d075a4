// A client profile's OpenSSL context. Private to tls/.
#pragma once

#include "tls/ca_set.h"
#include "tls/context.h"
#include "tls/openssl.h"

namespace hermetic::tls {

class ClientContext {
public:
    ClientContext(SslContextPointer context, std::shared_ptr<const CaSet> cas, Hello hello)
        : context_{std::move(context)}, cas_{std::move(cas)}, hello_{hello}
    {
    }
    [[nodiscard]] SSL_CTX* context() const { return context_.get(); }
    [[nodiscard]] const CaSet* cas() const { return cas_.get(); }
    // A minimal hello has no ticket, and a session is the same in another place.
    [[nodiscard]] bool resumes() const { return hello_ == Hello::Full; }

private:
    SslContextPointer context_;
    std::shared_ptr<const CaSet> cas_;
    Hello hello_;
};

}  // namespace hermetic::tls
