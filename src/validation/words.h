// What was found at a partner, in words for an administrator, and what they could do about it.
//
// Pure: from findings to steps. Specification §7: each step says what was seen and how to fix it.
#pragma once

#include "validation/findings.h"
#include "validation/judge.h"
#include "validation/step.h"

#include <string>
#include <vector>

namespace hermetic::validation {

// Steps that ended, without host and address.
[[nodiscard]] Step say_failure(StepId id, facts::Outcome outcome);
[[nodiscard]] Step say_addresses(const HostFindings& host);
[[nodiscard]] Step say_tlsa(const HostFindings& host);
[[nodiscard]] Step say_versions(const std::vector<VersionTry>& versions, facts::TlsVersion floor);
[[nodiscard]] Step say_certificate(const facts::TlsEvidence& evidence, WallTime now);
[[nodiscard]] Step say_levels(const std::vector<LevelVerdict>& levels);
[[nodiscard]] Step say_flow(const Flow& flow);

// Of a connection: connect, greeting, EHLO and STARTTLS, as far as it came.
[[nodiscard]] std::vector<Step> say_seen(const Seen& seen);

// "TLSv1.3 TLS_AES_256_GCM_SHA384 X25519"
[[nodiscard]] std::string describe_session(const facts::TlsEvidence& evidence);
// "STARTTLS, PIPELINING, SIZE 10485760"
[[nodiscard]] std::string describe(const smtp::Capabilities& offered);

}  // namespace hermetic::validation
