// The SASL mechanisms (RFC 4422) by which a smart host is told who we are: libgsasl's.
//
// For TLS connections that have proved the host, and for those alone: PLAIN and LOGIN show the
// password to whoever is at the other end.
#pragma once

#include "sasl/login.h"
#include "smtp/client_auth.h"

#include <memory>
#include <string_view>
#include <vector>

namespace hermetic::sasl {

// Of those that a server offers ("PLAIN LOGIN SCRAM-SHA-256") the ones we have, best first.
[[nodiscard]] std::vector<std::string_view> choose_mechanisms(std::string_view offered);

// One exchange; `mechanism` is one of the above. Null: libgsasl does not have it after all.
[[nodiscard]] std::unique_ptr<smtp::SaslMechanism> make_client_mechanism(
    std::string_view mechanism, std::shared_ptr<const Login> login);

}  // namespace hermetic::sasl
