// One order at an ACME server (RFC 8555 §7.4), its challenges answered meanwhile.
#pragma once

#include "acme/challenges.h"
#include "acme/transport.h"
#include "core/ip.h"
#include "tls/signing_key.h"

#include <string>
#include <vector>

namespace hermetic::net {
class Core;
}

namespace hermetic::acme {

struct Order {
    std::string directory;  // the ACME server's, a URL
    std::string ca;         // a PEM file of the CAs that it is believed by; empty: the system's
    std::string contact;    // empty: none
    // The customer that the account is bound to (RFC 8555 §7.3.4), and a file with the key that
    // proves it; empty: nobody.
    std::string eab_key_id;
    std::string eab_hmac_file;
    std::vector<std::string> domains;
    Challenge challenge = Challenge::Http01;
    std::vector<Endpoint> at;  // where challenges are answered
    std::string folder;        // the account's files
};

// The chain, PEM, for `key`. Takes minutes at most. An account that is lost is made anew; one
// challenge of the order's kind is enough, whatever else is offered.
[[nodiscard]] net::Task<Result<std::string, Trouble>> place_order(net::Core& core,
                                                                  Transport& transport, Order order,
                                                                  tls::SigningKey key);

}  // namespace hermetic::acme
