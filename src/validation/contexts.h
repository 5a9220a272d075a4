// The TLS contexts of one look: by versions, or by a rung of a policy's ladder.
//
// Not thread-safe: one look's.
#pragma once

#include "core/result.h"
#include "outbound/identity.h"
#include "policy/ladder.h"
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
    // `system`: null where the system has none; no chain verifies then.
    explicit Contexts(std::shared_ptr<const tls::CaSet> system);

    [[nodiscard]] const std::shared_ptr<const tls::CaSet>& system() const { return system_; }

    // Judged by the system's CAs, with no client certificate. The error is for people, here and
    // below.
    [[nodiscard]] Result<Handshaking, std::string> of_versions(facts::TlsVersion min,
                                                               facts::TlsVersion max) const;

private:
    std::shared_ptr<const tls::CaSet> system_;
};

}  // namespace hermetic::validation
