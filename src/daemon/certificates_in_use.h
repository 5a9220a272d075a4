// The certificates that are in use: who shows them, until when, and how ACME is doing.
#pragma once

#include "admin/node_certificate.h"
#include "config/node_options.h"

#include <vector>

namespace hermetic::acme {
class Keeper;
}

namespace hermetic::daemon {

class Listeners;
class SecretsPart;

// Those of listeners, then those of objects. On main's thread.
[[nodiscard]] std::vector<admin::NodeCertificate> list_certificates(
    const SecretsPart& secrets, acme::Keeper& keeper, const config::NodeOptions& options,
    const Listeners& listeners);

}  // namespace hermetic::daemon
