// The hosts of a route, and what each address of them shows: the parts of a probe, a validation and
// `explain --live`.
//
// Coroutines of the environment's core; each tells the sink of its steps. Bounded in number (below)
// and time (Patience).
#pragma once

#include "net/task.h"
#include "policy/tls_policy.h"
#include "routing/route.h"
#include "validation/contexts.h"
#include "validation/conversation.h"
#include "validation/flow.h"
#include "validation/step.h"

#include <cstddef>
#include <vector>

namespace hermetic::validation {

inline constexpr std::size_t kMaxHosts = 8;
inline constexpr std::size_t kMaxAddresses = 4;  // of a host

// The hosts of a route in the order in which delivery would try them, without their addresses; or
// why there is none, which the sink knows too.
[[nodiscard]] net::Task<Result<std::vector<HostFindings>, facts::Outcome>> find_hosts(
    ProbeContext& probe_context, routing::Route route, Sink sink);

// Its addresses, and its TLSA records where DNSSEC proves the addresses (RFC 7672 §2.2).
[[nodiscard]] net::Task<> resolve(ProbeContext& probe_context, HostFindings& host, Sink sink);

// Why nobody is to be connected to at the address; nullopt: go ahead.
[[nodiscard]] std::optional<facts::Outcome> refuse(const Environment& env, const HostFindings& host,
                                                   const Endpoint& endpoint);

// Connect, greeting, EHLO, STARTTLS, then each version alone, then the certificate. `names`: the
// connector's tls_names.
[[nodiscard]] net::Task<AddressFindings> probe_address(const Environment& env, Contexts& contexts,
                                                       const HostFindings& host, Endpoint endpoint,
                                                       std::vector<policy::TlsName> names,
                                                       Sink sink);

// "192.0.2.1:25"; the path of a Unix socket.
[[nodiscard]] std::string address_text(const HostFindings& host, const Endpoint& endpoint);
[[nodiscard]] std::vector<Endpoint> endpoints_of(const HostFindings& host);

}  // namespace hermetic::validation
