// A client profile's OpenSSL context. Private to tls/.
#pragma once

#include "tls/context.h"
#include "tls/openssl.h"

namespace hermetic::tls {

class ClientContext {
public:
    ClientContext(SslContextPointer context, Hello hello)
        : context_{std::move(context)}, hello_{hello}
    {
    }
    [[nodiscard]] SSL_CTX* context() const { return context_.get(); }
    // A minimal hello has no ticket, and a session is the same in another place.
    [[nodiscard]] bool resumes() const { return hello_ == Hello::Full; }

private:
    SslContextPointer context_;
    Hello hello_;
};

}  // namespace hermetic::tls
