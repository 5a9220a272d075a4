// What was found at a partner, in words for an administrator, and what they could do about it.
//
// Pure: from findings to steps. Specification §7: each step says what was seen and how to fix it.
#pragma once

#include "policy/tls_policy.h"
#include "validation/findings.h"
#include "validation/step.h"

#include <string>
#include <vector>

namespace hermetic::validation {

// Of what was said on a connection under a policy; without `evidence` in clear.
[[nodiscard]] Proof proof_of(const policy::TlsPolicy& policy,
                             const std::optional<facts::TlsEvidence>& evidence);
// Where no policy is asked about.
[[nodiscard]] Proof proof_of(const std::optional<facts::TlsEvidence>& evidence);

// What became of an attempt: our own words, or `the server says "554 go away" in clear: nothing
// proves that …`.
[[nodiscard]] std::string say_outcome(const facts::Outcome& outcome, Proof proof);
[[nodiscard]] Fate fate_of(const facts::Outcome& outcome);
// Of mail that cannot go.
[[nodiscard]] Flow flow_of(const facts::Outcome& outcome, Proof proof);
// "mail would wait"
[[nodiscard]] std::string_view would(Fate fate);

// Steps that ended, without host and address.
[[nodiscard]] Step say_failure(StepId id, facts::Outcome outcome, Proof proof);
[[nodiscard]] Step say_addresses(const HostFindings& host);
[[nodiscard]] Step say_tlsa(const HostFindings& host);
[[nodiscard]] Step say_versions(const std::vector<VersionTry>& versions, facts::TlsVersion floor);
// `names`: the connector's tls_names, which stand for the host's own; empty: the host's own counts.
[[nodiscard]] Step say_certificate(const facts::TlsEvidence& evidence, WallTime now,
                                   const std::vector<policy::TlsName>& names = {});
[[nodiscard]] Step say_levels(const std::vector<LevelVerdict>& levels);
[[nodiscard]] Step say_flow(const Flow& flow);
// Of a host that does not offer what the message needs.
[[nodiscard]] Step say_unfit(const facts::Outcome& outcome);

// Of a connection: connect, greeting, EHLO and STARTTLS, as far as it came.
[[nodiscard]] std::vector<Step> say_seen(const Seen& seen);

// "TLSv1.3 TLS_AES_256_GCM_SHA384 X25519"
[[nodiscard]] std::string describe_session(const facts::TlsEvidence& evidence);
// "STARTTLS, PIPELINING, SIZE 10485760"
[[nodiscard]] std::string describe(const smtp::Capabilities& offered);

}  // namespace hermetic::validation
