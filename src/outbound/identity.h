// What we are, and whom we believe, on the connections of one effective policy. A value.
#pragma once

#include "facts/attempt.h"
#include "tls/context.h"

#include <memory>
#include <optional>
#include <string>

namespace hermetic::sasl {
class Login;
}

namespace hermetic::outbound {

struct Identity {
    tls::Trust trust;
    std::shared_ptr<const tls::Certificate> client_certificate;  // null: none is shown
    std::shared_ptr<const sasl::Login> login;                    // null: nobody is logged in
    // All of it as text, without a secret: part of the key under which connections and sessions are
    // used again (specification §4.5).
    std::string digest;
    // Something that the policy names cannot be had: what becomes of the mail. It waits.
    std::optional<facts::Outcome> missing;
};

}  // namespace hermetic::outbound
