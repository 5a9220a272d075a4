// The TLS contexts of one probe, by versions.
//
// Not thread-safe: they belong to one probe.
#pragma once

#include "core/result.h"
#include "facts/tls.h"
#include "tls/context.h"

#include <memory>
#include <string>

namespace hermetic::validation {

// How to shake hands, and what to judge the peer's chain by.
struct Handshaking {
    std::shared_ptr<const tls::ClientContext> context;  // null: none is made
    tls::Trust trust;
};

class Contexts {
public:
    // `trust`: what chains are judged by (flow.h); without CAs none verifies.
    explicit Contexts(tls::Trust trust);

    // Without a client certificate. The error is for people.
    [[nodiscard]] Result<Handshaking, std::string> of_versions(facts::TlsVersion min,
                                                               facts::TlsVersion max) const;

private:
    tls::Trust trust_;
};

}  // namespace hermetic::validation
