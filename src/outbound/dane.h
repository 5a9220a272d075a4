// The TLSA records of a host: where they are asked for, and what was found (RFC 7672 §2.2).
//
// Asks DNS; what follows from it is policy/tls_policy.h's. Coroutines of the context's core.
#pragma once

#include "net/task.h"
#include "outbound/hosts.h"
#include "policy/tls_policy.h"

#include <memory>
#include <string>
#include <vector>

namespace hermetic::outbound {

class Context;

struct TlsaFinding {
    policy::TlsaStatus status = policy::TlsaStatus::NotAsked;
    std::shared_ptr<const facts::TlsaSet> set;  // where Usable
    std::string why;                            // where Failed: what the resolver said
    std::vector<facts::TlsaRecord> records;     // all of them, where Usable or Unusable
};

[[nodiscard]] net::Task<TlsaFinding> find_tlsa(Context& context, Host host, HostAddresses addresses,
                                               MxFacts mx);

// The TLSA base domains of a host in the order in which they are asked for: its name after CNAMEs
// where its addresses are proved, then its own name. `secure_alias`: its own name is a proved
// alias, though its addresses are not.
[[nodiscard]] std::vector<std::string> tlsa_bases(const Host& host, const HostAddresses& addresses,
                                                  bool secure_alias);

// The names beside the base domain that a DANE-TA certificate may have (RFC 7672 §3.2.2).
[[nodiscard]] std::vector<std::string> tlsa_names(const std::string& base, const Host& host,
                                                  const MxFacts& mx);

}  // namespace hermetic::outbound
